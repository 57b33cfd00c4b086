#!/usr/bin/env bash
# A disk that is full, or may not be written to, under fetch and sync by our own protocol: full from
# the start, filled by somebody else in the middle, out of inodes, mounted read-only, and without
# permission. What is said names the cause and the way out; what was proved before stays as it is;
# nothing is left half written; and with room, the same command ends right and what is there does
# not come again. 10 moments each with PEN_LONG, else 1.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"
. "$(dirname "$0")/syncing.sh"
shopt -s nullglob

moments=1
[ -z "${PEN_LONG:-}" ] || moments=10
tiny=$scratch/tiny
mkdir "$tiny"
if ! mount -t tmpfs -o size=64m tmpfs "$tiny" 2>"$scratch/err"; then
	skip 'no privilege to mount a small tmpfs'
	echo 'no privilege to mount a small tmpfs'
	exit 77
fi
all_begin || finish

# room SIZE: of an empty disk.
room() {
	umount "$tiny"
	mount -t tmpfs -o "size=$1" tmpfs "$tiny"
}

# fill: the rest of the disk is somebody else's, until unfill.
fill() { cat /dev/zero >"$tiny/junk" 2>"$scratch/err"; }
unfill() { rm "$tiny/junk"; }

# full CODE NAME: it ended as on a full disk, with the cause and the way out.
full() {
	wants 8 "$1" "$2"
	grep -qE 'No space left .*; make room (there .*)?and start again' "$scratch/out"
	said $? '  says why, and what to do'
}

# closed CODE NAME: the same where nothing may be written.
closed() {
	wants 9 "$1" "$2"
	grep -qiE 'read-only.*; make it writable, or name another place' "$scratch/out"
	said $? '  says why, and what to do'
}

# Files of parts in the store on the small disk: their names, inodes, times and bytes.
files() {
	local list=("$tiny"/store/chain_id=*/*/*/*/*_part_*)
	[ ${#list[@]} -eq 0 ] || stat -c '%n %i %Y %s' "${list[@]}" | sort
}

# kept: what a failed fetch leaves is whole and proved, and nothing else is there; it is noted.
kept() {
	local left=("$tiny"/store/.penstock/tmp/*)
	files >"$scratch/kept"
	"$PENSTOCK" verify store "$tiny/store" >"$scratch/verify" 2>&1 ||
		[ ! -s "$scratch/kept" ]
	result $? "  what is there proves ($(wc -l <"$scratch/kept") parts)"
	expect '' "${left[*]}" '  and nothing is half written'
}

# fetch_again PREFIX FLAG...: the same fetch ends, with what was missing.
fetch_again() {
	local prefix=$1 whole missing again
	shift
	whole=$(cat "$scratch/store/$there/$prefix"_part_* | wc -c)
	missing=$((whole - $(awk '{ sum += $4 } END { printf "%d\n", sum }' "$scratch/kept")))
	fetch "$@" --json
	wants 0 $? '  with room again it goes on'
	once "$missing" "$(wire)" '  and nothing came but what was missing'
	again=$(files | comm -13 - "$scratch/kept" | head -n 3)
	expect '' "$again" '  nor was anything stored again'
	cmp <(cat "$tiny/store/$there/$prefix"_part_*) <(cat "$scratch/store/$there/$prefix"_part_*)
	result $? '  it is what the server has'
}

for form in nearcore lean; do
	prefix=${form/nearcore/state}
	bytes=$(cat "$scratch/store/$there/$prefix"_part_* | wc -c)
	ask=(--from "$one" --root "$root" --of $of --form $form --store "$tiny/store")

	# Room for some of the parts.
	for i in $(seq 0 $((moments - 1))); do
		room $((bytes * i / moments / 1024 + 160))k
		fetch "${ask[@]}"
		full $? "fetch, $form form, a disk with room for $i of $moments"
		kept
		mount -o remount,size=64m "$tiny"
		fetch_again $prefix "${ask[@]}"
	done

	# Somebody else fills it in the middle.
	for i in $(seq 1 $moments); do
		room 64m
		fetch "${ask[@]}" --rate $((bytes * 2 / 1000000 + 1))Mbit/s &
		fetching=$!
		until [ "$(files | wc -l)" -ge $((of * i / (moments + 1))) ] ||
			! kill -0 $fetching 2>/dev/null; do
			sleep 0.02
		done
		fill
		wait $fetching
		full $? "fetch, $form form, the disk fills at $i of $((moments + 1))"
		unfill
		kept
		[ "$(wc -l <"$scratch/kept")" -ge $((of * i / (moments + 1))) ]
		result $? '  nothing was lost'
		fetch_again $prefix "${ask[@]}"
	done
done

# No inodes are no space, whatever df says.
room 64m
mount -o remount,nr_inodes=20 "$tiny"
fetch --from "$one" --root "$root" --of $of --form lean --store "$tiny/store"
full $? 'fetch, a disk without inodes'
kept
mount -o remount,nr_inodes=1000 "$tiny"
fetch_again lean --from "$one" --root "$root" --of $of --form lean --store "$tiny/store"

# Mounted read-only: from the start, and with parts there.
mount -o remount,ro "$tiny"
fetch --from "$one" --root "$root" --of $of --store "$tiny/new"
closed $? 'fetch, a new store on a read-only disk'
mount -o remount,rw "$tiny"
rm "$tiny/store/$there"/lean_part_00001*
mount -o remount,ro "$tiny"
fetch --from "$one" --root "$root" --of $of --form lean --store "$tiny/store"
closed $? 'fetch, some parts on a read-only disk'
mount -o remount,rw "$tiny"
kept
fetch_again lean --from "$one" --root "$root" --of $of --form lean --store "$tiny/store"

# A raw object.
raw_object 6000000 && start_listen "$scratch/raw" || exit 1
ask=(--from "$peer" --root "$object" --form raw --store "$tiny/store")
room 3m
for _ in $(seq 20); do # the server may still be proving it
	fetch "${ask[@]}"
	code=$?
	[ $code -eq 3 ] || break
done
full $code 'fetch of a raw object, a disk with room for half'
[ ! -e "$tiny/store/raw/$object" ]
result $? '  it is not there'
mount -o remount,size=64m "$tiny"
fetch "${ask[@]}"
wants 0 $? '  with room again it goes on'
grep -q '([1-9] of 6 blocks were here before' "$scratch/out"
said $? '  with what it had'
cmp "$tiny/store/raw/$object" "$scratch/bytes"
result $? '  it is what the server has'
stop

# sync_again: the same sync ends, with what it had not applied.
sync_again() {
	sync tiny/db "${ask[@]}" --json --log-level debug
	wants 0 $? '  with room again it goes on'
	expect '' "$(touched "$scratch/out" | comm -12 - "$scratch/before")" \
		'  nothing of what was applied came again'
	same tiny/db '  it is the same'
}

# sync_ended CODE NAME: as on a full disk; what it had applied is kept, by its own word.
sync_ended() {
	cp "$(log_of tiny/db)" "$scratch/out"
	full "$1" "$2"
	applied "$scratch/out" >"$scratch/before"
	grep -q "; $(wc -l <"$scratch/before") of $of parts are kept$" "$scratch/out"
	said $? "  nothing was lost ($(wc -l <"$scratch/before") parts)"
}

for row in 'nearcore 16' 'lean 8'; do
	read -r form mbit <<<"$row"
	ask=(--from "$one" --form $form)
	for i in $(seq 1 $moments); do
		room 200m
		sync_begin tiny/db "${ask[@]}" --rate ${mbit}Mbit/s
		wait_applied tiny/db $((of * i / (moments + 1)))
		fill
		wait $syncing
		sync_ended $? "sync, $form form, the disk fills at $i of $((moments + 1))"
		unfill
		sync_again
	done
done

# Too small from the start, and without inodes for the tables that it ends with.
ask=(--from "$one")
for row in 'size=4m 200m a_small_disk' 'nr_inodes=12 200m a_disk_without_inodes'; do
	read -r limit size name <<<"$row"
	room $size
	mount -o "remount,$limit" "$tiny"
	sync_begin tiny/db "${ask[@]}"
	wait $syncing
	sync_ended $? "sync, ${name//_/ }"
	mount -o remount,size=200m,nr_inodes=1000 "$tiny"
	sync_again
done

# Mounted read-only: a new database, and one with some of the parts.
mount -o remount,ro "$tiny"
sync tiny/new "${ask[@]}"
closed $? 'sync, a new database on a read-only disk'
room 200m
sync_begin tiny/db "${ask[@]}" --rate 8Mbit/s
wait_applied tiny/db 3
kill -9 $syncing
wait $syncing 2>/dev/null
applied "$(log_of tiny/db)" >"$scratch/before"
mount -o remount,ro "$tiny"
sync tiny/db "${ask[@]}"
closed $? 'sync, some parts on a read-only disk'
mount -o remount,rw "$tiny"
sync_again

# Without permission to write: somebody else's directory.
nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$PENSTOCK" "$@" >"$scratch/out" 2>&1
}
chmod 755 "$scratch"
mkdir "$scratch/theirs"
if [ "$(id -u)" = 0 ] && nobody --version; then
	nobody fetch --from "$one" --root "$root" --of $of --store "$scratch/theirs/store"
	wants 9 $? 'fetch into a directory without permission'
	grep -q 'Permission denied; let this user in' "$scratch/out"
	said $? '  says why, and what to do'
	nobody fetch --from "$one" --root "$root" --of $of --store "$scratch/theirs"
	wants 9 $? 'fetch into a store without permission'
	grep -q 'this user may not write there; make it writable' "$scratch/out"
	said $? '  says why, and what to do'
	nobody sync --from "$one" --root "$root" --shard s7.v3 --db "$scratch/theirs/db"
	wants 9 $? 'sync into a directory without permission'
	grep -q 'Permission denied; let this user in' "$scratch/out"
	said $? '  says why, and what to do'
	expect '' "$(ls -A "$scratch/theirs")" '  nothing was left there'
else
	skip 'directories without permission: nobody may not run this build'
fi
kill -9 "$first" 2>/dev/null
finish
