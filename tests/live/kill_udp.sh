#!/usr/bin/env bash
# kill -9 of fetch, and of serve, at moments spread over a whole transfer by our protocol, which the
# server's rate makes last. What fetch had stored it neither fetches nor writes again; a fetch whose
# server dies and comes back rides over it. After each the store proves, and its parts are byte for
# byte those of the server. A moment is a number of stored parts and a little more time, so that a
# busy machine does not push them together; every fourth waits for a part that is being proved, and
# every fourth for one that is being written. 50 moments each with PEN_LONG, else 8 and 4.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cable.sh"
cable_open
shopt -s nullglob

moments=8 serve_moments=4 raw_moments=3
[ -z "${PEN_LONG:-}" ] || moments=50 serve_moments=50 raw_moments=10
of=96 keys=80000
# How long an undisturbed transfer must take at least, and is made to.
took_min=3000 took_aim=4000
# What may come for the bytes that are missing: headers, and packets that were sent again.
wire_percent=115 wire_more=400000

# Parts in the store: how many, and their names, inodes, times and bytes.
stored() {
	local files=("$got"/chain_id=*/*/*/*/*_part_*)
	echo ${#files[@]}
}
stored_list() {
	local files=("$got"/chain_id=*/*/*/*/*_part_*)
	[ ${#files[@]} -eq 0 ] || stat -c '%n %i %Y %s' "${files[@]}" | sort
}
# One number for all parts of a store in their order.
sum_of() { cat "$1"/chain_id=*/*/*/*/*_part_* | sha256sum; }

# until_moment I OF: until I/OF of the parts are stored, and then for up to twice the time of a
# part, or until the fetch ends.
until_moment() {
	local want=$((of * $1 / $2))
	while [ "$(stored)" -lt $want ] && kill -0 $fetching 2>/dev/null; do sleep 0.005; done
	sleep "$(awk "BEGIN { print $took / $of / 500 * ($1 * 37 % 50) / 50 }")"
}

# kill_in WORD I OF: as soon as, behind that many parts, the log says this of one: what is done to a
# part takes a few milliseconds, which moments chosen without a look mostly miss.
kill_in() {
	local want=$((of * $2 / $3)) put=0
	tail -n +1 -s 0.001 -f "$scratch/log" --pid=$fetching | while read -r _ _ what; do
		[ "$what" != 'done' ] || put=$((put + 1))
		[ "$what" = "$1" ] && [ $put -ge $want ] && kill -9 $fetching && break
	done
	kill -9 $fetching 2>/dev/null
}

# phase: what was done to parts when the log ends.
phase() {
	awk '/^part [0-9]+ [a-z]+$/ { at[$2] = $3 }
		END {
			for (part in at) n[at[part]]++
			print n["put"] ? "store" : n["prove"] ? "prove" : "fetch"
		}' "$scratch/log"
}

# proves: the store does, and holds what the server has, and nothing is left behind.
proves() {
	local left=("$got"/.penstock/tmp/*)
	"$PENSTOCK" verify store "$got" >"$scratch/verify" 2>&1 || {
		echo "     verify store: exit code $?"
		tail -n 5 "$scratch/verify"
		return 1
	}
	[ "$(sum_of "$got")" = "$whole_sum" ] || { echo '     other bytes'; return 1; }
	[ ${#left[@]} -eq 0 ] || { echo "     left behind: ${left[*]}"; return 1; }
}

# go_on: a second run ends it, and leaves alone what the first had stored.
go_on() {
	local kept missing came again
	kept=$(stored)
	stored_list >"$scratch/kept"
	missing=$((whole_bytes - $(awk '{ sum += $4 } END { printf "%d\n", sum }' "$scratch/kept")))
	came=$(came_bytes)
	fetch_begin "$scratch/again" "${what[@]}"
	wait $fetching || {
		echo "     the second run: exit code $?"
		tail -n 5 "$scratch/again"
		return 1
	}
	came=$(($(came_bytes) - came))
	again=$(stored_list | comm -13 - "$scratch/kept" | head -n 3)
	[ -z "$again" ] || { echo "     stored again: $again"; return 1; }
	if [ "$kept" -lt $of ] && ! grep -q "fetch: $((of - kept)) parts, " "$scratch/again"; then
		echo "     $kept were there, and then: $(tail -n 1 "$scratch/again")"
		return 1
	fi
	if [ "$came" -gt $((missing * wire_percent / 100 + wire_more)) ]; then
		echo "     $came bytes came for $missing that were missing"
		return 1
	fi
	proves
}

# serve_again: kill the server, if there is one, and let it serve this store.
serve_again() {
	[ -z "${server:-}" ] || kill -9 "$server"
	[ -z "${server:-}" ] || wait "$server" 2>/dev/null
	serve_far "$1" --rate ${mbit}Mbit/s
}

make_state "$scratch/store" $keys $of || { cat "$scratch/make.log"; exit 1; }
what=(--root "$root" --of $of --form nearcore --log-level debug)
whole_sum=$(sum_of "$scratch/store")
whole_bytes=$(cat "$scratch"/store/chain_id=*/*/*/*/state_part_* | wc -c)
mbit=$((whole_bytes * 8 / 1000 / took_aim + 1))
serve_again "$scratch/store" || exit 1
fetch_begin "$scratch/log" "${what[@]}"
wait $fetching
expect 0 $? 'an undisturbed fetch'
took=$(($(now_ms) - began_ms))
echo "     $of parts, $whole_bytes bytes, $mbit Mbit/s: $took ms"
[ $took -ge $took_min ]
result $? "  takes at least $took_min ms"
proves
result $? '  and proves' || finish

running=0 seen= phases=
for i in $(seq 0 $((moments - 1))); do
	rm -rf "$got"
	: >"$scratch/log"
	fetch_begin "$scratch/log" "${what[@]}"
	case $((i % 4)) in
	1) kill_in put "$i" $moments 2>"$scratch/reaped" ;;
	3) kill_in prove "$i" $moments 2>"$scratch/reaped" ;;
	*)
		until_moment "$i" $moments
		kill -9 $fetching 2>/dev/null
		;;
	esac
	wait $fetching 2>/dev/null
	[ $? -eq 137 ] && running=$((running + 1))
	kept=$(stored)
	seen="$seen $kept" phases="$phases $(phase)"
	go_on
	result $? "fetch killed with $kept of $of parts stored"
done
echo "     killed while it ran: $running of $moments; stored by then:$seen"
echo "     moments in" $(printf '%s\n' $phases | sort | uniq -c)
[ $running -ge $((moments * 9 / 10)) ]
result $? 'nearly all moments fell inside the transfer'
words='fetch store'
[ $moments -lt 50 ] || words='fetch prove store'
for word in $words; do
	[[ $phases == *$word* ]]
	result $? "  in $word"
done

# What a power cut may leave: a file half written, one of no bytes, an index cut short.
rm -f "$got"/chain_id=*/*/*/*/state_part_00000[3-5]_of_*
head -c 70000 /dev/urandom >"$got/.penstock/tmp/00000000deadbeef-0"
: >"$got/.penstock/tmp/00000000deadbeef-1"
printf 'penstock' >"$got/.penstock/index"
go_on
result $? 'what a power cut leaves is cleared, and three parts fetched'

running=0
for i in $(seq 0 $((serve_moments - 1))); do
	rm -rf "$got"
	fetch_begin "$scratch/log" "${what[@]}"
	until_moment "$i" $serve_moments
	kill -0 $fetching 2>/dev/null && running=$((running + 1))
	serve_again "$scratch/store"
	wait $fetching
	code=$?
	expect 0 $code "serve killed at moment $i of $serve_moments, and fetch rides over it" ||
		tail -n 3 "$scratch/log" "$scratch/serve"
	[ $code -eq 0 ] && proves
	result $? '  and its store proves'
done
echo "     killed while fetch ran: $running of $serve_moments"
[ $running -ge $((serve_moments * 9 / 10)) ]
result $? 'nearly all moments fell inside the transfer'

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
