#!/usr/bin/env bash
# A raw object from directories and web servers: alone, several of them, and where no server of our
# protocol answers; killed and gone on with; and what happens when they have other bytes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"

bytes=9900000 blocks=10 mib=1048576
raw_object $bytes
got=$scratch/got
partial=$got/.penstock/partial/$object

# from NAME FLAG...: a fetch into an empty store that ends well.
from() {
	local name=$1
	shift
	rm -rf "$got"
	goes_on "$name" "$@"
}
goes_on() {
	local name=$1
	shift
	timeout 100 "$PENSTOCK" fetch --root "$object" --form raw --store "$got" --json "$@" \
		>"$scratch/json" 2>"$scratch/out"
	wants 0 $? "$name"
	cmp -s "$scratch/bytes" "$got/raw/$object" && [ ! -e "$partial" ]
	said $? '  it is whole, under its name alone'
}
# says PATTERN NAME, has PATTERN NAME: on stderr, in the summary.
says() {
	grep -q -- "$1" "$scratch/out"
	said $? "  $2"
}
has() {
	grep -q -- "$1" "$scratch/json"
	result $? "  $2" || cat "$scratch/json"
}

from 'a directory' --from "dir:$scratch/raw"
has "\"blocks\": $blocks, \"kept\": 0, \"bytes\": $bytes, \"wire_bytes\": $bytes, " \
	'each block came once'
goes_on 'once more' --from "dir:$scratch/raw"
has '"wire_bytes": 0, ' 'nothing comes of what is here'

# What a fetch that was killed has left: half of it, with a hole and a torn block.
half() {
	rm -rf "$got/raw"
	mkdir -p "$got/.penstock/partial"
	head -c $((6 * mib)) "$scratch/bytes" >"$partial"
}
half
goes_on 'half of it is here' --from "dir:$scratch/raw"
has "\"kept\": 5, .*\"wire_bytes\": $((bytes - 5 * mib)), " \
	'only the rest comes, and the first block'
half
dd if=/dev/zero of="$partial" bs=4096 seek=700 count=2 conv=notrunc 2>"$scratch/err"
goes_on 'it has a hole' --from "dir:$scratch/raw"
has '"kept": 4, ' 'which is seen'
half
printf x | dd of="$partial" bs=1 seek=$((2 * mib + 77)) conv=notrunc 2>"$scratch/err"
goes_on 'it has a wrong byte' --from "dir:$scratch/raw"
has '"kept": 0, ' 'it comes anew when it is no proof'
head -c 30000000 /dev/zero >"$scratch/long"
half
cp "$scratch/long" "$partial"
goes_on 'it is longer than it can be' --from "dir:$scratch/raw"

# Who has other bytes, or none.
mkdir -p "$scratch/lies/raw" "$scratch/short/raw" "$scratch/none"
cp "$scratch/bytes" "$scratch/lies/raw/$object"
printf x | dd of="$scratch/lies/raw/$object" bs=1 seek=500 conv=notrunc 2>"$scratch/err"
head -c 3000000 "$scratch/bytes" >"$scratch/short/raw/$object"
from 'three sources, two of which are wrong, and one has nothing' --from "dir:$scratch/lies" \
	--from "dir:$scratch/none" --from "dir:$scratch/short" --from "dir:$scratch/raw"
says "^dir:$scratch/lies: .*1 failed their proof" 'who is wrong is named'
says "^dir:$scratch/short: .*1 failed their proof" 'and the other'
! grep -q "^dir:$scratch/raw: .*failed" "$scratch/out"
said $? '  and nobody else'

# Several that are right: each gives some, and nothing but the first block comes from both.
mkdir -p "$scratch/twin/raw"
cp "$scratch/bytes" "$scratch/twin/raw/$object"
from 'two directories' --from "dir:$scratch/raw" --from "dir:$scratch/twin"
for dir in raw twin; do
	says "^dir:$scratch/$dir: [1-9]\(\.[0-9]\)* MB" "$dir gives some of it"
done
[ "$(sed 's/.*"wire_bytes": \([0-9]*\).*/\1/' "$scratch/json")" -le $((bytes + 2 * mib)) ]
said $? '  and hardly anything comes twice'
half
goes_on 'half of it is here' --from "dir:$scratch/raw" --from "dir:$scratch/twin"
has '"kept": 5, ' 'which does not come again'
half
printf x | dd of="$partial" bs=1 seek=$((2 * mib + 77)) conv=notrunc 2>"$scratch/err"
goes_on 'with a wrong byte' --from "dir:$scratch/raw" --from "dir:$scratch/twin"
has '"kept": 0, ' 'all of it comes anew'
! grep -q "failed their proof" "$scratch/out"
said $? '  and nobody is blamed'

# ends CODE PATTERN NAME FLAG...: a fetch that does not end well, and what it says.
ends() {
	local code=$1 pattern=$2 name=$3
	shift 3
	rm -rf "$got"
	fetch --root "$object" --form raw --store "$got" "$@"
	wants "$code" $? "$name"
	grep -q "^penstock fetch: .*$pattern" "$scratch/out"
	said $? '  which it says'
	[ ! -e "$got/raw/$object" ]
	said $? '  and there is no object'
}
ends 4 'other bytes than its name says' 'wrong bytes' --from "dir:$scratch/lies"
ends 3 'no such file' 'nothing' --from "dir:$scratch/none"
ends 4 'other bytes' 'both' --from "dir:$scratch/none" --from "dir:$scratch/short"
ends 9 'No such file' 'no directory' --from "dir:$scratch/nowhere"
ends 6 'connect' 'nobody listens' --from http://127.0.0.1:1 --tries 2

command -v curl >"$scratch/which" || { skip 'no curl'; finish; }
start_serve "$scratch/raw" || { skip 'no HTTP front'; finish; }
web=$server
from 'our HTTP front' --from "$url"
has "\"kept\": 0, \"bytes\": $bytes, \"wire_bytes\": $bytes, " 'each block came once'
from 'a front beside a directory that is wrong' --from "dir:$scratch/lies" --from "$url"
# A line on which a block takes 20 s, with its first byte at once.
"$line" "${url##*:}" 50000 >"$scratch/line" &
slow=$!
wait_line "$scratch/line" '^[0-9]'
slow_url=http://127.0.0.1:$(cat "$scratch/line")
for order in "--from $slow_url --from $url" "--from $url --from $slow_url"; do
	begin=$(now_ms)
	# The flags are words.
	# shellcheck disable=SC2086
	from 'a slow server and a fast one' $order
	took=$(($(now_ms) - begin))
	[ $took -lt 10000 ]
	result $? "  the slow one holds nothing up ($took ms)"
done
kill $slow
from 'a server that does not answer, and a front' --from 127.0.0.1:1 --from "$url"
half
goes_on 'half of it is here' --from "$url"
has '"kept": 5, ' 'only the rest comes'
expect "$bytes" "$(curl -sI "$url/raw/$object" | tr -d '\r' |
	sed -n 's/^Content-Length: //Ip')" 'the front says by HEAD how large it is'
curl -s -r 1048570-1048585 "$url/raw/$object" |
	cmp -s - <(tail -c +1048571 "$scratch/bytes" | head -c 16)
result $? '  and gives a range of it'
curl -s "$url/root/$object" >"$scratch/said"
grep -q '"forms": {"raw": \[1\]}' "$scratch/said" && grep -q "\"bytes\": $bytes" "$scratch/said"
result $? '  and names it by its root, as raw' || cat "$scratch/said"

# Killed, with a cap that makes it last.
rm -rf "$got"
"$PENSTOCK" fetch --from "$url" --root "$object" --form raw --store "$got" --rate 3MiB \
	>"$scratch/out" 2>&1 &
fetching=$!
until [ "$(du -sk "$partial" 2>"$scratch/err" | cut -f 1)0" -ge 40000 ] ||
	! kill -0 $fetching 2>/dev/null; do
	sleep 0.02
done
kill -9 $fetching
wait $fetching
expect 137 $? 'killed in the middle'
goes_on 'then it goes on' --from "$url"
has '"kept": [2-9], ' 'with what was here'
kill -9 "$web"
finish
