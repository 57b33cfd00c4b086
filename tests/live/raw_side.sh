#!/usr/bin/env bash
# A raw object from servers of our protocol, directories and web servers at once: each brings some
# blocks, the slower ones do not hold the end back, whoever lies is named and nobody else; and it is
# killed in the midst.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"

mib=1048576 blocks=40
bytes=$(((blocks - 1) * mib + 1234))
raw_object $bytes
got=$scratch/got
partial=$got/.penstock/partial/$object

# from NAME FLAG...: a fetch into an empty store that ends well; `took` is how long, in ms.
from() {
	rm -rf "$got"
	goes_on "$@"
}
goes_on() {
	local name=$1 begun
	shift
	begun=$(now_ms)
	timeout 100 "$PENSTOCK" fetch --root "$object" --form raw --store "$got" --json "$@" \
		>"$scratch/json" 2>"$scratch/out"
	wants 0 $? "$name"
	took=$(($(now_ms) - begun))
	cmp -s "$scratch/bytes" "$got/raw/$object" && [ ! -e "$partial" ]
	said $? '  it is whole, under its name alone'
}

# brought WORD: tenths of MB that came from a source, as is said at the end.
brought() {
	sed -n "s|^$1: \([0-9]*\)\.\([0-9]\) MB.*|\1\2|p" "$scratch/out" | sed 's/^0*\(.\)/\1/'
}
# brings WORD LEAST NAME: it brought at least so many tenths of MB.
brings() {
	local tenths
	tenths=$(brought "$1")
	[ "${tenths:-0}" -ge "$2" ]
	said $? "  $3 (${tenths:-nothing} tenths of MB)"
}
# wire_below MORE NAME: no more came than the object and so many MiB.
wire_below() {
	local wire
	wire=$(sed 's/.*"wire_bytes": \([0-9]*\).*/\1/' "$scratch/json")
	[ "$wire" -ge $(($(kept_bytes) * -1 + bytes)) ] &&
		[ "$wire" -le $((bytes - $(kept_bytes) + $1 * mib)) ]
	said $? "  $2 ($wire bytes for $bytes)"
}
kept_bytes() { echo $(($(sed 's/.*"kept": \([0-9]*\).*/\1/' "$scratch/json") * mib)); }
# says PATTERN NAME, says_not PATTERN NAME: on stderr.
says() {
	grep -q -- "$1" "$scratch/out"
	said $? "  $2"
}
says_not() {
	! grep -q -- "$1" "$scratch/out"
	said $? "  $2"
}
liar=$PEN_BUILD/tests/live/live_liar

# One that makes 8 MiB/s, so that alone it would take 5 s.
start_listen "$scratch/raw" --rate 8MiB || { skip 'no serve --listen'; finish; }
slow=$peer slow_server=$server
dir=dir:$scratch/raw

from 'a slow server, and a directory' --from "$slow" --from "$dir"
brings "$dir" 200 'the directory brings most'
wire_below 4 'hardly a block comes twice'
# A block takes it half a minute.
start_listen "$scratch/raw" --rate 32KiB
from 'a server that crawls, and a directory' --from "$peer" --from "$dir"
[ $took -le 15000 ]
said $? "  the server holds nothing back ($took ms)"
wire_below 4 'hardly a block comes twice'

mkdir -p "$scratch/lies/raw" "$scratch/short/raw" "$scratch/none"
cp "$scratch/bytes" "$scratch/lies/raw/$object"
printf x | dd of="$scratch/lies/raw/$object" bs=1 seek=$((30 * mib + 5)) conv=notrunc \
	2>"$scratch/err"
head -c 9000000 "$scratch/bytes" >"$scratch/short/raw/$object"
from 'a directory that lies beside a server' --from "$slow" --from "dir:$scratch/lies"
says "^dir:$scratch/lies: .* 1 failed their proof; it was left aside; .*: block 30 of" \
	'it is named, with its block'
says_not "^$slow: .*\(failed\|lied\)" 'and the server is not'
brings "dir:$scratch/lies" 50 'its right blocks count'
from 'one that is shorter, one that has nothing, one that is right' --from "$slow" \
	--from "dir:$scratch/short" --from "dir:$scratch/none" --from "$dir"
says "^dir:$scratch/short: .* 1 failed .*: it has 9000000 bytes" 'who has another size is named'
says "^dir:$scratch/none: .*no such file" 'who has nothing says so'
brings "$dir" 200 'the third brings most'
says_not "^$dir: .*failed" 'and is not named'
says_not "^$slow: .*\(failed\|lied\)" 'nor is the server'
from 'a directory that is not the object at all, and a server' --from "$slow" \
	--from "dir:$scratch/short"
brings "$slow" 400 'all comes from the server'

PEN_LIE=bytes "$liar" --listen 127.0.0.1:0 --store "$scratch/raw" 2>"$scratch/liar" &
wait_line "$scratch/liar" 'udp 127'
lies=$(sed -n 's/.*udp \(127\.0\.0\.1:[0-9]*\) .*/\1/p' "$scratch/liar" | head -n 1)
from 'a server that lies, and a directory' --from "$lies" --from "$dir"
says "^$lies: .*\(failed\|lied\)" 'the server is named'
says_not "^$dir: .*failed" 'and the directory is not'
PEN_LIE=size PEN_LIE_BYTES=9000000 "$liar" --listen 127.0.0.1:0 --store "$scratch/raw" \
	2>"$scratch/liar2" &
wait_line "$scratch/liar2" 'udp 127'
sized=$(sed -n 's/.*udp \(127\.0\.0\.1:[0-9]*\) .*/\1/p' "$scratch/liar2" | head -n 1)
from 'a server with another size, and a directory' --from "$sized" --from "$dir"
says_not "^$dir: .*failed" 'the directory is not named'

# killed: in the midst of both, and gone on with.
begin() {
	rm -rf "$got"
	"$PENSTOCK" fetch --from "$@" --root "$object" --form raw --store "$got" --json \
		>"$scratch/json" 2>"$scratch/out" &
	fetching=$!
	until [ "$(du -sk "$partial" 2>"$scratch/err" | cut -f 1)0" -ge 60000 ] ||
		! kill -0 $fetching 2>/dev/null; do
		sleep 0.01
	done
}
command -v curl >"$scratch/which" || { skip 'no curl'; finish; }
start_serve "$scratch/raw" || { skip 'no HTTP front'; finish; }
front=$url front_server=$server
"$line" "${url##*:}" 500000 >"$scratch/line" &
wait_line "$scratch/line" '^[0-9]'
thin=http://127.0.0.1:$(cat "$scratch/line")

"$line" "${url##*:}" 1000000 >"$scratch/even" &
wait_line "$scratch/even" '^[0-9]'
even=http://127.0.0.1:$(cat "$scratch/even")

# How long either takes is also the machine's: somebody busy in the midst of one may not decide.
for _ in 1 2 3; do
	from 'a server alone' --from "$slow"
	alone=$took
	from 'a server and a front that are as fast as each other' --from "$slow" --from "$even"
	[ $took -gt $((alone * 9 / 10)) ] || break
done
brings "$slow" 100 'the server brings a good part'
brings "$even" 100 'and the front another'
[ $took -le $((alone * 9 / 10)) ]
said $? "  so that it takes less than from the server alone ($took ms, $alone ms)"
wire_below 4 'hardly a block comes twice'
start_listen "$scratch/raw"
fast=$peer fast_server=$server
# A block takes it most of a minute.
"$line" "${url##*:}" 20000 >"$scratch/hair" &
wait_line "$scratch/hair" '^[0-9]'
from 'a fast server, and a front on a thin line' --from "$fast" \
	--from "http://127.0.0.1:$(cat "$scratch/hair")"
[ $took -le 25000 ]
said $? "  the line holds nothing back ($took ms)"
brings "$fast" 350 'the server brings nearly all'
wire_below 10 'what the line had begun comes twice'

begin "$slow" --from "$thin"
kill -9 $fetching
wait $fetching
expect 137 $? 'killed in the midst of a server and a front'
goes_on 'then it goes on' --from "$slow" --from "$thin"
[ "$(kept_bytes)" -ge $((3 * mib)) ]
said $? '  with what was here'
wire_below 10 'and fetches the rest'

begin "$slow" --from "$thin"
kill -9 $slow_server
wait $fetching
wants 0 $? 'the server dies, and the front has the rest'
cmp -s "$scratch/bytes" "$got/raw/$object"
said $? '  whole'
grep -q '"kept": 0, ' "$scratch/json"
said $? '  and what had come stays proved'
wire_below 10 'so that it does not come twice'

begin "$fast" --from "$thin" --rate 6MiB
kill -9 $front_server
wait $fetching
wants 0 $? 'the front dies, and the server has the rest'
cmp -s "$scratch/bytes" "$got/raw/$object"
said $? '  whole'

start_hostile "$scratch/raw" silent
from 'a server, and one that says nothing' --from "$fast" --from "$url"
[ $took -le 20000 ]
said $? "  nobody waits for it ($took ms)"
finish
