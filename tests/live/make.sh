#!/usr/bin/env bash
# make, disturbed: killed at any moment, out of space, a source that cannot be read or changes. No
# half part is ever visible, and the next run makes just what is missing. With PEN_LONG also ten
# million keys within 1 GiB.
. "$(dirname "$0")/lib.sh"

of=60
state=$scratch/state.kv
labels=(--chain test --epoch-height 1 --epoch-id 11111111111111111111111111111111 --shard 7)
dir=chain_id=test/epoch_height=1/epoch_id=11111111111111111111111111111111/shard_id=7
"$PENSTOCK" generate --profile mainnet --keys 60000 --seed 3 --out "$state"
expect 0 $? 'a state'

make() {
	"$PENSTOCK" make --from "kv:$state" --store "$1" "${labels[@]}" --of $of "${@:2}" \
		>"$scratch/out" 2>"$scratch/err"
}

# Content of every part, which is what must not depend on how it was made.
contents() {
	for part in "$1/$dir"/state_part_*; do
		"$PENSTOCK" inspect part --raw "$part" | sha256sum
	done
}

make "$scratch/whole" --jobs 1
expect 0 $? 'made by one worker'
contents "$scratch/whole" >"$scratch/wanted"
expect $of "$(wc -l <"$scratch/wanted")" 'all parts are there'
for jobs in 2 5; do
	make "$scratch/jobs" --jobs $jobs
	contents "$scratch/jobs" | cmp - "$scratch/wanted"
	result $? "$jobs workers make the same contents"
	rm -rf "$scratch/jobs"
done
make "$scratch/some" --parts 3,10-12,59
expect 4 $(($(ls "$scratch/some/$dir" | wc -l) - 1)) 'parts asked for alone'
make "$scratch/some"
contents "$scratch/some" | cmp - "$scratch/wanted"
result $? 'and then the rest'
make "$scratch/some" --parts 60
expect 2 $? 'a part that there is not'

# Killed when so many parts are there.
broken=0 kills=0 remade=0
for at in 0 1 9 25 40 58; do
	store=$scratch/killed
	kill_make $at "$dir" "$store" --from "kv:$state" "${labels[@]}" --of $of --jobs 2 &&
		kills=$((kills + 1))
	if [ -n "$(ls "$store/$dir" 2>/dev/null)" ]; then
		"$PENSTOCK" verify store "$store" >"$scratch/verify" 2>&1 || broken=$((broken + 1))
	fi
	there=$(ls "$store/$dir" 2>/dev/null | wc -l)
	make "$store" --json
	made=$(sed 's/.*"made": *\([0-9]*\).*/\1/' "$scratch/out")
	[ "$made" -eq $((of - there)) ] || remade=$((remade + 1))
	contents "$store" | cmp -s - "$scratch/wanted" || broken=$((broken + 1))
	[ -z "$(ls "$store/.penstock/tmp" 2>/dev/null)" ] || broken=$((broken + 1))
done
echo "     killed while running: $kills of 6"
expect 0 $broken 'killed: only whole parts, and in the end all of them'
expect 0 $remade 'killed: the next run makes just what is missing'

# The file is written to while it is read: cut off in the middle, and grown at the end.
cp "$state" "$scratch/good.kv"
for how in 'truncate -s 3000000' 'truncate -s +1'; do
	cp "$scratch/good.kv" "$state"
	"$PENSTOCK" make --from "kv:$state" --store "$scratch/changed" "${labels[@]}" --of $of \
		--jobs 1 >/dev/null 2>"$scratch/err" &
	victim=$!
	for _ in $(seq 2000); do
		[ "$(ls "$scratch/changed/$dir" 2>/dev/null | wc -l)" -ge 3 ] && break
	done
	$how "$state"
	wait $victim
	expect 4 $? "the source changes: $how"
	grep -qE 'changed|cut short' "$scratch/err"
	result $? '  and that is said' || cat "$scratch/err"
	"$PENSTOCK" verify store "$scratch/changed" >/dev/null 2>&1
	expect 0 $? '  what was made before is whole'
	rm -rf "$scratch/changed"
done
cp "$scratch/good.kv" "$state"

mkdir "$scratch/tiny"
if mount -t tmpfs -o size=2m tmpfs "$scratch/tiny" 2>/dev/null; then
	make "$scratch/tiny/store"
	expect 8 $? 'a full disk'
	grep -qi space "$scratch/err"
	result $? '  says so' || cat "$scratch/err"
	mount -o remount,size=100m "$scratch/tiny"
	make "$scratch/tiny/store"
	expect 0 $? '  and with room again the next run goes on'
	contents "$scratch/tiny/store" | cmp - "$scratch/wanted"
	result $? '  to the same contents'
else
	skip 'a full disk: no privilege to mount a small tmpfs'
fi
# refused_store CODE NAME: a store that may not be written to is that, and says so.
refused_store() {
	expect 9 "$1" "make into $2"
	grep -q 'cannot be written to: it is read-only, or this user may not write there' \
		"$scratch/err"
	result $? '  says so' || cat "$scratch/err"
}

mkdir "$scratch/closed"
if mount -t tmpfs -o size=2m,ro tmpfs "$scratch/closed" 2>/dev/null; then
	make "$scratch/closed"
	refused_store $? 'a read-only file system'
	make "$scratch/closed/new"
	expect 9 $? '  also where the store would have to be made'
	umount "$scratch/closed"
else
	skip 'a read-only store: no privilege to mount one'
fi
chmod 555 "$scratch/closed"
if [ "$(id -u)" -ne 0 ]; then
	make "$scratch/closed"
	refused_store $? 'a directory without write permission'
elif setpriv --reuid=65534 --regid=65534 --clear-groups "$PENSTOCK" --version >/dev/null 2>&1; then
	chmod 755 "$scratch"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$PENSTOCK" make --from "kv:$state" \
		--store "$scratch/closed" "${labels[@]}" >"$scratch/out" 2>"$scratch/err"
	refused_store $? 'a directory without write permission'
else
	skip 'a directory without write permission: another user may not run this build'
fi
expect '' "$(ls -A "$scratch/closed")" 'nothing was left there'
make "$scratch/none" --from kv:/nowhere/state.kv
expect 9 $? 'a source that is not there'

# high_water COMMAND...: run it and set peak to the most memory it had, in kB.
high_water() {
	"$@" >"$scratch/out" 2>"$scratch/err" &
	victim=$!
	peak=0
	while now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$victim/status 2>/dev/null); do
		[ -n "$now" ] || break
		peak=$now
		sleep 0.05
	done
	wait $victim
}

if [ -n "${PEN_LONG:-}" ] && [ "${PEN_SANITIZE:-none}" = none ]; then
	for verb in generate inspect make; do
		case $verb in
		generate)
			set -- generate --profile mainnet --keys 10000000 --seed 1 --out "$state"
			;;
		inspect) set -- inspect state "kv:$state" ;;
		make)
			set -- make --from "kv:$state" --store "$scratch/large" --memory 1GiB \
				"${labels[@]}"
			;;
		esac
		high_water "$PENSTOCK" "$@"
		expect 0 $? "ten million keys: $verb, $peak kB at most"
		[ "$peak" -gt 0 ] && [ "$peak" -le 1048576 ]
		result $? '  within 1 GiB'
	done
	cat "$scratch/out"
else
	skip 'ten million keys: a long test for builds without sanitizers (PEN_LONG)'
fi
finish
