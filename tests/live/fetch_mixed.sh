#!/usr/bin/env bash
# fetch: sources of every sort serve one fetch, and one of them dies, lies, or was never there; the
# fetch itself is killed, interrupted, and short of room.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"

# wait_parts DIR COUNT: until a store has so many parts; sets have.
wait_parts() {
	for _ in $(seq 600); do
		have=$(parts "$1" '*')
		[ "$have" -lt "$2" ] || return 0
		sleep 0.02
	done
	return 1
}

# bytes DIR FORM: of all parts of a store in this form.
bytes() { find "$1" -name "$2_part_*" -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }'; }

state_begin
# shellcheck disable=SC2086
make "$scratch/store" --form nearcore --of 24 $labels &&
	make "$scratch/lean" --form lean --of 24 $labels &&
	make "$scratch/whole" --form lean --of 1 $labels || finish
start_listen "$scratch/store" || { skip 'no serve --listen'; finish; }
one=$peer first=$server
start_serve "$scratch/store" --index "$scratch/index" || { skip 'no HTTP front'; finish; }
front=$url
from="--from $one --from $url --from dir:$scratch/store --from 127.0.0.1:1"

# One fetch, all sorts of sources, one of them dead.
# shellcheck disable=SC2086
fetch $from --root "$root" --form nearcore --store "$scratch/got" --json
expect 0 $? 'servers of both sorts and a directory, and one that is not there'
expect 24 "$(parts "$scratch/got" state)" 'all parts'
once "$(bytes "$scratch/store" state)" "$(wire)" 'none of them came twice'
for source in "$one" "$url" "dir:$scratch/store"; do
	grep -q "^$source: [0-9.]* MB" "$scratch/out"
	result $? "what came from ${source%%/*} is said"
done
grep -q '^127.0.0.1:1: 0.0 MB; .*answer' "$scratch/out"
said $? 'and that one does not answer'
fetch --from 127.0.0.1:1 --from "$url" --root "$root" --store "$scratch/http"
expect '0 24' "$? $(parts "$scratch/http" state)" 'a web server is enough'

# Killed while it fetches: what was proved stays, and does not come again.
"$PENSTOCK" fetch --from "$one" --root "$root" --store "$scratch/killed" --rate 16Mbit/s \
	>"$scratch/said" 2>&1 &
fetching=$!
wait_parts "$scratch/killed" 3
kill -9 $fetching
wait $fetching 2>/dev/null
here=$(bytes "$scratch/killed" state)
kept=$(parts "$scratch/killed" state)
[ "$kept" -ge 3 ] && [ "$kept" -lt 24 ]
result $? "the kill falls into the fetch ($kept of 24 parts)"
fetch --from "$one" --root "$root" --store "$scratch/killed" --json
expect '0 24' "$? $(parts "$scratch/killed" state)" 'started again it goes on'
once "$(($(bytes "$scratch/store" state) - here))" "$(wire)" 'and no part is fetched twice'
"$PENSTOCK" verify store "$scratch/killed" >"$scratch/verify" 2>&1
expect 0 $? 'verify store proves it'

# Interrupted, and another writer meanwhile.
"$PENSTOCK" fetch --from "$one" --root "$root" --store "$scratch/stopped" --rate 16Mbit/s \
	>"$scratch/said" 2>&1 &
fetching=$!
wait_parts "$scratch/stopped" 2
fetch --from "$one" --root "$root" --store "$scratch/stopped"
expect 9 $? 'a store has one writer'
grep -q "locked by process $fetching" "$scratch/out"
said $? 'and the other is named'
kill -INT $fetching
wait $fetching
expect 7 $? 'interrupted'
[ "$(parts "$scratch/stopped" state)" -ge 2 ]
result $? 'what was proved is there'

# The only one who has lean form dies: the rest comes in the other form.
start_listen "$scratch/lean"
lean=$peer
"$PENSTOCK" fetch --from "$lean" --from "$url" --root "$root" --store "$scratch/left" \
	--rate 12Mbit/s >"$scratch/out" 2>&1 &
fetching=$!
wait_parts "$scratch/left" 4
stop
wait $fetching
wants 0 $? 'a server dies in the middle, and others have the rest'
[ "$(parts "$scratch/left" lean)" -ge 4 ] && [ "$(parts "$scratch/left" state)" -ge 1 ]
result $? "in the form that they have ($(parts "$scratch/left" lean) lean)"
"$PENSTOCK" verify store "$scratch/left" >"$scratch/verify" 2>&1
expect 0 $? 'verify store proves both'

# A web server that takes a request and says nothing: others have the part before it stalls.
if start_hostile "$scratch/store/$there" silent state_part_000005_of_000024; then
	begun=$SECONDS
	fetch --from "$one" --from "$url" --root "$root" --form nearcore --store "$scratch/silent"
	expect '0 24' "$? $(parts "$scratch/silent" state)" 'a web server that falls silent'
	[ $((SECONDS - begun)) -lt 20 ]
	said $? "holds nobody up ($((SECONDS - begun)) s)"
	stop
fi
url=$front

# Liars.
for form in state lean; do
	cp -a "$scratch/$([ $form = lean ] && echo lean || echo store)" "$scratch/liar.$form"
	start_listen "$scratch/liar.$form"
	sleep 2 # it proves what it has, and remembers
	stop
	lie "$scratch/liar.$form"
	start_listen "$scratch/liar.$form"
	liar=$peer liars=$server
	start_listen "$scratch/$([ $form = lean ] && echo lean || echo store)" \
		--index "$scratch/honest.$form"
	honest=$peer
	name=$([ $form = lean ] && echo lean || echo nearcore)
	# So slow that both are needed.
	fetch --from "$liar" --from "$honest" --root "$root" --form $name --rate 16Mbit/s \
		--store "$scratch/true.$form"
	wants '0 24' "$? $(parts "$scratch/true.$form" $form)" "a liar of two, $name form"
	grep -q "^$liar: .*it lied" "$scratch/out"
	said $? 'it is named'
	! grep -q "^$honest: .*lied" "$scratch/out"
	result $? 'and nobody else'
	fetch --from "$liar" --root "$root" --form $name --store "$scratch/false.$form" --stall 8
	wants 4 $? "a liar alone, $name form"
	grep -q "^$liar: .*it lied" "$scratch/out"
	said $? 'it is named, too'
	expect 0 "$(parts "$scratch/false.$form" '*')" 'and nothing of it is in the store'
	stop
	kill -9 "$liars"
done

# What nobody has, and who is gone.
fetch --from "$one" --from "$url" --root "$small_root" --of 7 --store "$scratch/none"
wants 3 $? 'a state that nobody has'
# Gets fly together: any of them may be refused first.
grep -q 'part [0-6] of 7: .*(and 6 more' "$scratch/out"
said $? 'the parts are named'
fetch --from 127.0.0.1:1 --from http://127.0.0.1:1 --root "$root" --of 24 --tries 2 \
	--store "$scratch/none"
expect 6 $? 'nobody is there'
fetch --from "$one" --root "$root" --store /proc/nothing
expect 9 $? 'a store that cannot be made'
start_listen "$scratch/whole"
for _ in 1 2 3 4; do
	fetch --from "$peer" --root "$root" --store "$scratch/large" --memory 330MiB --jobs 1
	code=$?
	[ $code -eq 3 ] || break # it is still being proved there
done
wants 0 $code 'memory for a part is enough'
grep -q 'of 4 connections' "$scratch/out"
result $? 'and it is said what that leaves out'

# No room.
mkdir "$scratch/tiny"
if mount -t tmpfs -o size=2m tmpfs "$scratch/tiny" 2>"$scratch/err"; then
	fetch --from "$one" --root "$root" --store "$scratch/tiny"
	wants 8 $? 'a full disk'
	mount -o remount,size=200m "$scratch/tiny"
	fetch --from "$one" --root "$root" --store "$scratch/tiny"
	expect '0 24' "$? $(parts "$scratch/tiny" state)" 'with room again it goes on'
else
	skip 'a full disk: no privilege to mount a small tmpfs'
fi
kill -9 "$first" 2>/dev/null
finish
