#!/usr/bin/env bash
# A database synced from the parts that nearcore itself made has the entries, counts and flat
# values that nearcore's own application of them gave.
. "$(dirname "$0")/lib.sh"

command -v zstdcat >/dev/null || { echo 'skip no zstd to unpack the golden dumps'; exit 77; }
for row in "genesis $genesis_root 5" "small $small_root 7" "edges $edges_root 6"; do
	read -r name root of <<<"$row"
	db=$scratch/$name
	"$PENSTOCK" sync --from "dir:$near/golden/$name" --root "$root" --shard s7.v3 --of "$of" \
		--db "$db" >"$scratch/log" 2>&1
	expect 0 $? "$name: synced from nearcore's parts" || cat "$scratch/log"
	"$PENSTOCK" verify db "$db" --shard s7.v3 --root "$root" >"$scratch/log" 2>&1
	expect 0 $? "$name: the database verifies" || cat "$scratch/log"
	dump_db "$db" "$scratch/$name"
	zstdcat "$near/golden/$name.state.zst" | cmp - "$scratch/$name.state"
	result $? "$name: State equals nearcore's, entry by entry"
	zstdcat "$near/golden/$name.flat.zst" | cmp - "$scratch/$name.flat"
	result $? "$name: FlatState equals nearcore's, entry by entry"
done

# The same parts, from a store of ours made out of the same state.
"$PENSTOCK" make --from "hex:$near/mainnet-genesis.hex" --store "$scratch/store" --chain mainnet \
	--epoch-height 0 --epoch-id 11111111111111111111111111111111 --shard 7 --of 5 \
	>"$scratch/log" 2>&1
expect 0 $? 'a store is made of the genesis state'
start_serve "$scratch/store"
"$PENSTOCK" sync --from "$url" --root "$genesis_root" --shard s7.v3 --of 5 --db "$scratch/http" \
	>"$scratch/log" 2>&1
expect 0 $? 'synced over http' || cat "$scratch/log"
dump_db "$scratch/http" "$scratch/http"
cmp "$scratch/http.state" "$scratch/genesis.state" &&
	cmp "$scratch/http.flat" "$scratch/genesis.flat"
result $? 'both databases are equal, key by key'
finish
