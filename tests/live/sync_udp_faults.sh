#!/usr/bin/env bash
# sync by our own protocol when something is wrong: servers that die, lie, or were never there, what
# nobody has, a database of another state, and no room.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetching.sh"
. "$(dirname "$0")/syncing.sh"

all_begin || finish

# Two servers, and one dies; the last one dies, and comes back, or does not.
offer "$scratch/store" --index "$scratch/second"
sync_begin died --from "$one" --from "$peer" --form nearcore --rate 16Mbit/s
wait_applied died 3
stop
wait $syncing
expect 0 $? 'one of two servers dies in the middle' || cat "$scratch/died.log"
same died '  it is the same'
sync_begin back --from "$one" --form nearcore --rate 16Mbit/s
wait_applied back 3
kill -9 "$first"
wait "$first" 2>/dev/null
"$PENSTOCK" serve --listen "$one" --store "$scratch/store" 2>"$scratch/err" &
first=$!
wait $syncing
expect 0 $? 'the only server dies and comes back' || cat "$scratch/back.log"
same back '  it is the same'
sync_begin gone --from "$one" --form nearcore --rate 16Mbit/s --stall 6
wait_applied gone 3
kill -9 "$first"
wait "$first" 2>/dev/null
wait $syncing
code=$?
[ $code -eq 5 ] || [ $code -eq 6 ]
result $? "it dies for good: given up ($code)" || cat "$scratch/gone.log"
here=$(applied "$scratch/gone.log" | wc -l)
grep -q "; $here of $of parts are kept" "$scratch/gone.log"
result $? "  and it is said what is kept ($here)" || cat "$scratch/gone.log"
sync gone --from "dir:$scratch/store"
wants 0 $? '  a directory has the rest'
same gone '  it is the same'

# Liars: what fails its proof never gets into the database.
offer "$scratch/store"
one=$peer first=$server
cp -a "$scratch/store" "$scratch/liar"
rm -rf "$scratch/liar/.penstock"
offer "$scratch/liar" # it proves what it has, and remembers
sleep 1
stop
lie "$scratch/liar"
start_listen "$scratch/liar"
liar=$peer
for form in nearcore lean; do
	sync "true.$form" --from "$liar" --from "$one" --form $form --rate 16Mbit/s
	wants 0 $? "a liar of two, $form form"
	grep -q "^$liar: .*it lied" "$scratch/out"
	said $? '  it is named'
	! grep -q "^$one: .*lied" "$scratch/out"
	result $? '  and nobody else'
	same "true.$form" '  it is the same'
	sync "false.$form" --from "$liar" --form $form --stall 8
	wants 4 $? "a liar alone, $form form"
	grep -q "; 0 of $of parts are kept" "$scratch/out"
	said $? '  nothing of it was applied'
done
sync false.lean --from "$liar" --from "dir:$scratch/store" --form any
wants 0 $? 'a liar beside a directory'
same false.lean '  it is the same'
stop

# What nobody has, and who is not there.
other=$root
root=$small_root
sync none --from "$one" --of 7
wants 3 $? 'a state that nobody has'
root=$other
sync none --from "$one" --of 23
wants 3 $? 'an N that nobody has'
sync none --from 127.0.0.1:1 --from http://127.0.0.1:1 --of $of --tries 2
wants 6 $? 'nobody is there'
sync none --from 127.0.0.1:1 --from "dir:$scratch/few" --tries 2
wants 6 $? 'a directory has some parts, and nobody is there with the others'
grep -q '6 of 24 parts are kept' "$scratch/out"
said $? '  these are applied'
sync none --from "$one"
wants 0 $? '  the others come by our protocol'
same none '  it is the same'
root=$small_root
sync whole --from "$one" --of 7
wants 2 $? 'a database of another root is refused'
root=$other
sync whole --from "$one" --of 7
wants 2 $? 'a database of another N is refused'
for flags in '--from :7070' '--from a:b' "--from $one --bare" "--from $one --form raw" \
	"--from $one --memory 100MiB"; do
	# shellcheck disable=SC2086
	sync usage $flags --of $of
	wants 2 $? "refused: ${flags/$one/HOST:PORT}"
done
sync small --from "$one" --memory 640MiB --jobs 1
wants 0 $? 'little memory is enough'

# No room.
mkdir "$scratch/tiny"
if mount -t tmpfs -o size=4m tmpfs "$scratch/tiny" 2>"$scratch/err"; then
	sync tiny/db --from "$one"
	wants 8 $? 'a full disk'
	grep -qi 'space' "$scratch/out"
	said $? '  says so'
	mount -o remount,size=200m "$scratch/tiny"
	sync tiny/db --from "$one"
	wants 0 $? '  with room again the next run goes on'
	same tiny/db '  it is the same'
else
	skip 'a full disk: no privilege to mount a small tmpfs'
fi
kill -9 "$first" 2>/dev/null
finish
