#!/usr/bin/env bash
# fetch: in which form parts come, how many there are, under which labels they lie; and what needs
# no server.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"

# proves DIR NAME: verify store says that all of it is right.
proves() {
	"$PENSTOCK" verify store "$1" >"$scratch/out" 2>&1
	said $? "$2"
}

state_begin
# shellcheck disable=SC2086
make "$scratch/one" --form both --of 8 --level 1 $labels &&
	make "$scratch/two" --form lean --of 8 --level 9 $labels &&
	make "$scratch/few" --form nearcore --of 3 $labels || finish
start_listen "$scratch/one" || { skip 'no serve --listen'; finish; }
one=$peer first=$server
start_listen "$scratch/two"
two=$peer second=$server

fetch --from "$one" --root "$root" --store "$scratch/any"
expect 0 $? 'without --of and --form'
expect 8 "$(parts "$scratch/any" lean)" 'what is smaller comes, and N is the one that is offered'
expect 0 "$(parts "$scratch/any" state)" 'and nothing else'
[ -d "$scratch/any/$there" ]
result $? 'under the labels of who sent it'
same=0
for part in "$scratch/one/$there"/lean_part_*; do
	cmp -s "$part" "$scratch/any/$there/$(basename "$part")" && same=$((same + 1))
done
expect 8 $same 'of one maker byte for byte'

# So slow that both are needed.
fetch --from "$one" --from "$two" --root "$root" --form lean --rate 8Mbit/s --store "$scratch/mixed"
wants 0 $? 'frames of two makers'
wants 2 "$(grep -cE "^127.*: (0\.[1-9]|[1-9])" "$scratch/out")" 'both gave some'
proves "$scratch/mixed" 'are put together to parts that verify store takes'
fetch --from "$one" --root "$root" --form both --store "$scratch/both"
expect '0 8 8' "$? $(parts "$scratch/both" lean) $(parts "$scratch/both" state)" 'both forms'
proves "$scratch/both" 'and both are right'
fetch --from "$one" --root "$root" --form both --store "$scratch/both"
grep -c 'in the store already' "$scratch/out" | grep -qx 2
result $? 'a second time there is nothing to do for either'

# Parts that have no lean form come in the other one.
kill -9 "$first" "$second"
wait "$first" "$second" 2>/dev/null
rm "$scratch/one/$there"/lean_part_00000[2-4]_of_000008
start_listen "$scratch/one"
one=$peer
fetch --from "$one" --root "$root" --store "$scratch/some"
expect '0 5 3' "$? $(parts "$scratch/some" lean) $(parts "$scratch/some" state)" \
	'each part in the form that is there'
fetch --from "$one" --root "$root" --form lean --store "$scratch/lean"
expect 3 $? 'three parts are there in no lean form'
grep -q 'parts 2-4 of 8' "$scratch/out"
said $? 'and are named'
expect 5 "$(parts "$scratch/lean" lean)" 'the others are here'

# How many parts there are.
start_listen "$scratch/few"
few=$peer
fetch --from "$one" --from "$few" --root "$root" --store "$scratch/other"
expect 2 $? 'sources that cut the state differently'
grep -q ' 8 and 3 .*--of' "$scratch/out"
said $? 'are refused, both numbers named'
fetch --from "$one" --from "$few" --root "$root" --of 3 --store "$scratch/other"
expect '0 3' "$? $(parts "$scratch/other" state)" '--of says which'
fetch --from "$few" --root "$root" --of 8 --store "$scratch/none"
expect 3 $? 'a number that nobody offers'

# Labels.
fetch --from "$few" --root "$root" --store "$scratch/named" --chain mine --epoch-height 9 \
	--epoch-id "$root" --shard s3.v1
expect 3 "$(parts "$scratch/named/chain_id=mine/epoch_height=9/epoch_id=$root/shard_id=3" state)" \
	'labels of the flags'
mkdir "$scratch/plain"
cp "$scratch/few/$there"/* "$scratch/plain"
fetch --from "dir:$scratch/plain" --root "$root" --store "$scratch/nameless"
expect 3 "$(parts "$scratch/nameless/chain_id=unknown/epoch_height=0/epoch_id=$root/shard_id=0" \
	state)" 'labels that nobody knows'
fetch --from "dir:$scratch/few/$there" --root "$root" --store "$scratch/path"
expect 3 "$(parts "$scratch/path/$there" state)" 'labels of a directory'
rm "$scratch/nameless"/*/*/*/*/state_part_000001*
fetch --from "$few" --root "$root" --store "$scratch/nameless"
expect 3 "$(parts "$scratch/nameless/chain_id=unknown/epoch_height=0/epoch_id=$root/shard_id=0" \
	state)" 'the rest goes to where the first ones lie'
fetch --from "dir:$near/golden/small" --root "$small_root" --store "$scratch/named" --chain mine \
	--epoch-height 9 --epoch-id "$root" --shard 3
wants 2 $? 'labels under which another state lies are refused'

# Nothing to ask anybody for.
zero=11111111111111111111111111111111
fetch --from 127.0.0.1:1 --root $zero --store "$scratch/empty"
expect 0 $? 'the empty state has no parts'
none=GKot5hBsd81kMupNCXHaqbhv3huEbxAFMLnpcX2hniwn
fetch --from 127.0.0.1:1 --root $none --form raw --store "$scratch/empty"
expect '0 0' "$? $(stat -c %s "$scratch/empty/raw/$none")" 'the object of no bytes'

for flags in "--from $one --root $root --form raw --of 2" \
	"--from $one --root $root --chain x" "--from $one --root $root --poll often" \
	"--from $one --root $root --jobs 0" "--from $one --root $root --memory 64MiB" \
	"--from $one --root $root --poll busy --jobs 200"; do
	# shellcheck disable=SC2086
	fetch $flags --store "$scratch/bad"
	expect 2 $? "refused: $flags"
done
grep -q -- '--jobs' "$scratch/out"
result $? 'and says what would do'
finish
