# fetching: what the tests of penstock fetch share. Sourced after lib.sh.

# fetch FLAG...: what is said goes to $scratch/out.
fetch() { timeout 100 "$PENSTOCK" fetch "$@" >"$scratch/out" 2>&1; }

# said CODE NAME, wants WANTED GOT NAME: a result, with what the fetch said if it is a bad one.
said() {
	result "$1" "$2"
	[ "$1" -eq 0 ] || cat "$scratch/out"
}
wants() {
	expect "$@"
	[ "$1" = "$2" ] || cat "$scratch/out"
}

# wire: bytes that came over the wire, as --json says. once WANTED GOT NAME: it is these bytes; a
# packet may come again, on a busy machine or where a larger one was tried beside it, a part (of
# 100,000 bytes at least) may not.
wire() { sed -n 's/.*"wire_bytes": \([0-9]*\).*/\1/p' "$scratch/out"; }
once() {
	[ "$2" -ge "$1" ] && [ "$2" -lt $(($1 + 100000)) ]
	said $? "$3 ($2 bytes for $1)"
}

# parts DIR FORM: how many files of parts in this form a store has.
parts() { find "$1" -name "$2_part_*" 2>/dev/null | wc -l; }

# state_begin: a state in $scratch/state.kv; sets its root, the flags of its labels, and the
# directory in a store that they mean.
state_begin() {
	labels="--chain test --epoch-height 1 --epoch-id 11111111111111111111111111111111 --shard 7"
	there=chain_id=test/epoch_height=1/epoch_id=11111111111111111111111111111111/shard_id=7
	"$PENSTOCK" generate --profile mainnet --keys 40000 --seed 1 --out "$scratch/state.kv"
	root=$("$PENSTOCK" inspect state "kv:$scratch/state.kv" --json |
		sed 's/.*"root": *"\([^"]*\)".*/\1/')
}

# make STORE FLAG...: parts of $scratch/state.kv.
make() {
	"$PENSTOCK" make --from "kv:$scratch/state.kv" --store "$@" 2>"$scratch/err"
	result $? 'parts to be moved are made'
}

# lie STORE: its files change behind the back of an index that knows them.
lie() {
	local file
	for file in "$1/$there"/*_part_*; do
		touch -r "$file" "$scratch/when"
		printf liar | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") - 60)) conv=notrunc \
			2>"$scratch/err"
		touch -r "$scratch/when" "$file"
	done
}
