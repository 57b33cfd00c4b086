#!/usr/bin/env bash
# verify store: whole ones, incomplete ones, and each way in which a file of one can be wrong.
. "$(dirname "$0")/lib.sh"

dir=$scratch/store/chain_id=test/epoch_height=1/epoch_id=x/shard_id=7
mkdir -p "$dir"
cp "$near/golden/small/"* "$dir/"
name() { printf 'state_part_%06d_of_%06d' "$1" "$2"; }
# verify WANTED NAME
verify() {
	"$PENSTOCK" verify store "$scratch/store" >"$scratch/out" 2>"$scratch/log"
	expect "$1" $? "$2" || cat "$scratch/log"
}

mkdir "$scratch/none"
"$PENSTOCK" verify store "$scratch/none" >"$scratch/out"
expect 0 $? 'an empty directory: nothing is wrong'
"$PENSTOCK" verify store "$scratch/nowhere" >"$scratch/out" 2>"$scratch/log"
expect 9 $? 'no directory'
for row in "small 7" "edges 6" "genesis 5"; do
	read -r state of <<<"$row"
	"$PENSTOCK" verify store "$near/golden/$state" >"$scratch/out" 2>&1
	expect 0 $? "the parts that nearcore made of $state, in a plain directory"
	grep -q "of $of: $of files, 0 bad" "$scratch/out"
	result $? '  are all there'
done
verify 0 'a store'
grep -q "root $small_root" "$scratch/out"
result $? '  shows the root that nobody told it'

rm "$dir/$(name 2 7)" "$dir/$(name 3 7)" "$dir/$(name 6 7)"
verify 0 'an incomplete store'
grep -q 'missing 2-3,6$' "$scratch/out"
result $? '  says what is missing'
cp "$dir/$(name 1 7)" "$dir/$(name 2 7)"
cp "$dir/$(name 1 7)" "$dir/$(name 9 7)"
cp "$near/golden/genesis/$(name 3 5)" "$dir/$(name 3 5)"
head -c 1000 "$near/golden/small/$(name 3 7)" >"$dir/$(name 3 7)"
: >"$dir/$(name 6 7)"
verify 4 'bad files'
for bad in "$(name 2 7)" "$(name 9 7)" "$(name 3 7)" "$(name 6 7)"; do
	grep -q "$bad: ." "$scratch/log"
	result $? "  $bad is named, with a reason"
done
grep -q "parts of $genesis_root\|state $genesis_root" "$scratch/log"
result $? '  so are parts of two states in one place, with both roots'
"$PENSTOCK" verify store "$scratch/store" --json 2>"$scratch/log" |
	grep -qE '"bad": [1-9][0-9]*, "missing": [0-9]+\}$'
result $? '  and counted in JSON'
finish
