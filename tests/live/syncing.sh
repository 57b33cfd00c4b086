# syncing: what the tests of penstock sync by our own protocol share. Sourced after lib.sh and
# fetching.sh.

# sync DB FLAG...: of $root; what is said goes to $scratch/out.
sync() {
	local db=$1
	shift
	timeout 100 "$PENSTOCK" sync --root "$root" --shard s7.v3 --db "$scratch/$db" "$@" \
		>"$scratch/out" 2>&1
}

# log_of DB: where sync_begin has its log, each step of a part a line.
log_of() { echo "$scratch/${1//\//-}.log"; }

# sync_begin DB FLAG...: the same, in the background; its process is the sync itself, so that a kill
# hits that. Sets syncing.
sync_begin() {
	local db=$1
	shift
	: >"$(log_of "$db")"
	(exec "$PENSTOCK" sync --root "$root" --shard s7.v3 --db "$scratch/$db" \
		--log-level debug "$@" >"$(log_of "$db")" 2>&1) &
	syncing=$!
}

# applied LOG: the parts that it says are done.
applied() { sed -n 's/^part \([0-9]*\) done$/\1/p' "$1" | sort; }

# touched LOG: the parts of which it says anything.
touched() { sed -n 's/^part \([0-9]*\) [a-z]*$/\1/p' "$1" | sort -u; }

# wait_applied DB COUNT: until so many parts are, at most 30 s.
wait_applied() {
	for _ in $(seq 1500); do
		[ "$(applied "$(log_of "$1")" | wc -l)" -lt "$2" ] || return 0
		sleep 0.02
	done
	return 1
}

# same DB NAME: it verifies, and equals $whole.
same() {
	"$PENSTOCK" verify db "$scratch/$1" --shard s7.v3 --root "$root" >"$scratch/verify" 2>&1 &&
		dump_db "$scratch/$1" "$scratch/dumped" &&
		cmp "$scratch/dumped.state" "$whole.state" &&
		cmp "$scratch/dumped.flat" "$whole.flat"
	result $? "$2" || cat "$scratch/verify"
}

# offer STORE: wait until a server has proved what it serves; sets peer and server.
offer() {
	local store=$1
	shift
	start_listen "$store" "$@" || return 1
	for _ in $(seq 60); do
		fetch --from "$peer" --root "$root" --of "$of" --parts 0 --log-level error \
			--store "$scratch/offered" && break
		sleep 0.2
	done
	rm -rf "$scratch/offered"
}

# all_begin: a store of both forms with its server (one, first), a directory with some of its
# parts, and the database that all others must equal. False if there is no server.
all_begin() {
	state_begin
	of=24
	# shellcheck disable=SC2086
	make "$scratch/store" --form both --of $of $labels || return 1
	mkdir "$scratch/few"
	cp "$scratch/store/$there"/state_part_00000[0-5]_* "$scratch/few"
	offer "$scratch/store" || { skip 'no serve --listen'; return 1; }
	one=$peer first=$server
	whole=$scratch/whole
	sync whole --from "dir:$scratch/store" && dump_db "$whole" "$whole"
	expect 0 $? 'the database that all others must equal'
}
