#!/usr/bin/env bash
# kill -9 of fetch, and of serve, at moments spread over a whole transfer by our protocol, which the
# server's rate makes last, in either form. What fetch had stored it neither fetches nor writes
# again; a fetch whose server dies and comes back rides over it. After each the store proves, and
# its parts are byte for byte those of the server. 50 moments each with PEN_LONG, else a few.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cable.sh"
. "$(dirname "$0")/killing.sh"
cable_open

# Of each form: its name, and moments at which fetch and serve are killed.
rows='nearcore 8 4
lean 4 2'
raw_moments=3
[ -z "${PEN_LONG:-}" ] || rows='nearcore 50 50
lean 50 50' raw_moments=10
of=96 keys=80000

# Bytes that ever came to the client.
sent_bytes() { came_bytes; }

# serve_again: kill the server, if there is one, and let it serve this store.
serve_again() {
	[ -z "${server:-}" ] || kill -9 "$server"
	[ -z "${server:-}" ] || wait "$server" 2>/dev/null
	serve_far "$1" --rate ${mbit}Mbit/s
}

# kill_fetch MOMENTS
kill_fetch() {
	local i
	running=0 seen='' phases=''
	for i in $(seq 0 $(($1 - 1))); do
		kill_at "$i" "$1"
		go_on
		result $? "fetch killed with ${seen##* } of $of parts stored"
	done
	killed_inside "$1"
}

# kill_serve MOMENTS
kill_serve() {
	local i code
	running=0
	for i in $(seq 0 $(($1 - 1))); do
		rm -rf "$got"
		fetch_begin "$scratch/log" "${what[@]}"
		until_moment "$i" "$1"
		kill -0 $fetching 2>/dev/null && running=$((running + 1))
		serve_again "$scratch/store"
		wait $fetching
		code=$?
		expect 0 $code "serve killed at moment $i of $1, and fetch rides over it" ||
			tail -n 3 "$scratch/log" "$scratch/serve"
		[ $code -eq 0 ] && proves
		result $? '  and its store proves'
	done
	echo "     killed while fetch ran: $running of $1"
	[ $running -ge $(($1 * 9 / 10)) ]
	result $? 'nearly all moments fell inside the transfer'
}

make_state "$scratch/store" $keys $of --form both || { cat "$scratch/make.log"; exit 1; }
while read -r form fetch_moments serve_moments; do
	form_begin "$form" "$scratch/store"
	serve_again "$scratch/store" || exit 1
	undisturbed
	kill_fetch "$fetch_moments"

	# What a power cut may leave: a file half written, one of no bytes, an index cut short.
	rm -f "$got"/chain_id=*/*/*/*/"$prefix"_part_00000[3-5]_of_*
	head -c 70000 /dev/urandom >"$got/.penstock/tmp/00000000deadbeef-0"
	: >"$got/.penstock/tmp/00000000deadbeef-1"
	printf 'penstock' >"$got/.penstock/index"
	go_on
	result $? 'what a power cut leaves is cleared, and three parts fetched'

	kill_serve "$serve_moments"
done <<<"$rows"

# A raw object: its file grows in place, and the next run goes on with it.
raw_object 30000000 || exit 1
what=(--root "$object" --form raw)
mbit=60
serve_again "$scratch/raw" || exit 1
rm -rf "$got"
for i in $(seq 1 $raw_moments); do
	fetch_begin "$scratch/log" "${what[@]}"
	want=$((29000 * i / (raw_moments + 1)))
	until [ "$(du -sk "$got/.penstock/partial" 2>"$scratch/err" | cut -f 1)0" -ge ${want}0 ] ||
		! kill -0 $fetching 2>/dev/null; do
		sleep 0.02
	done
	kill -9 $fetching 2>/dev/null
	wait $fetching 2>/dev/null
	expect 137 $? "a raw object is cut at $i of $((raw_moments + 1))"
	left=("$got"/.penstock/partial/*)
	[ ! -e "$got/raw/$object" ] && [ ${#left[@]} -eq 1 ]
	result $? "  it is not there, and one file is left (${#left[@]})"
done
fetch_begin "$scratch/log" "${what[@]}"
wait $fetching && cmp -s "$scratch/bytes" "$got/raw/$object"
result $? 'the next run has it whole' || cat "$scratch/log"
grep -q '([1-9][0-9]* of 29 blocks were here before' "$scratch/log"
result $? '  of which it had proved a part before' || cat "$scratch/log"
left=("$got"/.penstock/partial/*)
expect 0 ${#left[@]} '  and nothing is left'
"$PENSTOCK" verify store "$got" >"$scratch/verify" 2>&1
expect 0 $? '  and its store proves'
finish
