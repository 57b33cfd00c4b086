#!/usr/bin/env bash
# What every verb owes whoever types it or reads it with a program: the exit code of its class, a
# JSON text whatever happens, and no success that is none.
. "$(dirname "$0")/lib.sh"

golden=$near/golden/small
part=$golden/state_part_000003_of_000007
state=hex:$near/mainnet-genesis.hex
labels='--chain c --epoch-height 1 --epoch-id 11111111111111111111111111111111 --shard 0'
empty_root=11111111111111111111111111111111
cd "$scratch" || exit 1
: >empty
# A code of 134 or more is a sanitizer or an abort: no row wants one.
run() {
	timeout 60 "$PENSTOCK" "$@" >out 2>log </dev/null
}

# Standard output that is full, or not there.
for words in --version --help 'make --help' "inspect state $state" "inspect part $part" \
	"verify store $golden" "sync --from dir:$golden --root $small_root --shard s7.v3 --db full"; do
	timeout 60 "$PENSTOCK" $words >/dev/full 2>log
	expect 8 $? "standard output is full: $words"
done
grep -q 'standard output: No space left' log
result $? '  the sentence says so'
timeout 60 "$PENSTOCK" verify part "$part" --root "$small_root" --part 2 --of 7 >/dev/full 2>log
expect 4 $? '  a failure of its own goes before it'
timeout 60 "$PENSTOCK" sync --from "dir:$golden" --root "$small_root" --shard s7.v3 --db closed \
	--log-level debug <&- >&- 2>&-
expect 0 $? 'sync with all three descriptors closed'
run verify db closed --shard s7.v3 --root "$small_root"
expect 0 $? '  leaves a whole database'
finish
