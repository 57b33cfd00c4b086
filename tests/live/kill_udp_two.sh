#!/usr/bin/env bash
# kill -9 with two servers, in either form: of one of them, of the client, and of both at once, at
# moments spread over a whole transfer, which the servers' rate makes last. A fetch that loses one
# server ends with the other, whether that comes back or not, and has each part once; one that was
# killed itself goes on, and what it had stored is neither sent nor written again, by what the
# servers count. The parts are byte for byte those of the servers. 50 moments each with PEN_LONG,
# else 4.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cable.sh"
. "$(dirname "$0")/killing.sh"
cable_open

moments=4
[ -z "${PEN_LONG:-}" ] || moments=50
of=96 keys=80000
servers=() # processes

# serve_one I: the server at 7070 + I, with an identity of its own, ready.
serve_one() {
	far_port=$1 serve_far "$scratch/store" --index "$scratch/index$1" \
		--rate $((mbit / 2 + 1))Mbit/s || return 1
	servers[$1]=$server
}

# lose I: kill it.
lose() {
	kill -9 "${servers[$1]}"
	wait "${servers[$1]}" 2>/dev/null
}

# sent I: bytes of DATA that it sent, by its own count; as old as a quarter of a second.
sent() {
	at "$client" curl -sf "http://$server4:$((8070 + $1))/metrics" |
		sed -n 's/^penstock_udp_data_bytes_total{.*} //p'
}
sent_bytes() {
	sleep 0.5
	echo $(($(sent 0) + $(sent 1)))
}

# A fetch is one from both.
fetch_from=(--from $server4:7070 --from $server4:7071)

# once LOG: is each part proved and stored once?
once() {
	local twice
	twice=$(sed -n 's/^part \([0-9]*\) done$/\1/p' "$1" | sort | uniq -d)
	[ -z "$twice" ] || echo "     stored twice: part" $twice
	[ -z "$twice" ]
}

# ride I: one of the two dies at a moment; it comes back in the first half of them. What was under
# way there comes from the other, and no part that was proved does.
ride() {
	local which=$(($1 % 2)) code came
	rm -rf "$got"
	came=$(came_bytes)
	fetch_begin "$scratch/log" "${what[@]}"
	until_moment "$1" $moments
	kill -0 $fetching 2>/dev/null && running=$((running + 1))
	lose $which
	[ $(($1 / 2 % 2)) -eq 1 ] || serve_one $which
	wait $fetching
	code=$?
	came=$(($(came_bytes) - came))
	expect 0 $code "server $which of two killed at moment $1 of $moments" "$form form" ||
		tail -n 3 "$scratch/log"
	once "$scratch/log" && proves
	result $? '  each part was stored once, and the store proves'
	echo "     $came bytes came for $whole_bytes"
	[ $came -le $((whole_bytes * wire_percent / 100 + wire_more)) ]
	result $? '  and what came is little more than the parts'
	[ $(($1 / 2 % 2)) -eq 0 ] || serve_one $which
}

# cut I: the client dies at a moment, at every other one a server with it, which is there again for
# the second run.
cut() {
	kill_at "$1" $moments
	if [ $(($1 % 2)) -eq 1 ]; then
		lose $(($1 / 2 % 2))
		serve_one $(($1 / 2 % 2))
	fi
	go_on
	result $? "fetch killed with ${seen##* } of $of parts stored ($form form)"
}

make_state "$scratch/store" $keys $of --form both || { cat "$scratch/make.log"; exit 1; }
for form in nearcore lean; do
	form_begin $form "$scratch/store"
	# At the end each takes over what it would bring sooner than the other, and what is on its
	# way by then comes twice: most of a second's bytes.
	wire_percent=106 wire_more=$((whole_bytes * 15 / 100))
	for i in 0 1; do
		[ -z "${servers[i]:-}" ] || lose $i
		serve_one $i || exit 1
	done
	undisturbed
	[ "$(sent 0)" -gt $((whole_bytes / 4)) ] && [ "$(sent 1)" -gt $((whole_bytes / 4)) ]
	result $? "  of which each sent its share ($(sent 0) and $(sent 1) bytes)"
	running=0
	for i in $(seq 0 $((moments - 1))); do ride "$i"; done
	echo "     killed while fetch ran: $running of $moments"
	[ $running -ge $((moments * 9 / 10)) ]
	result $? 'nearly all moments fell inside the transfer'
	running=0 seen='' phases=''
	for i in $(seq 0 $((moments - 1))); do cut "$i"; done
	killed_inside $moments
done
finish
