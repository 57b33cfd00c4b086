# killing: what the tests that kill -9 a fetch or its servers share. Sourced after lib.sh and
# cable.sh.
#
# A moment is a number of stored parts and a little more time, so that a busy machine does not push
# them together; every fourth waits for a part that is being proved, and every fourth for one that
# is being written.
shopt -s nullglob

# How long an undisturbed transfer must take at least, and is made to, by the servers' rate.
took_min=3000 took_aim=4000
# What may come for the bytes that are missing: headers, and packets that were sent again.
wire_percent=110 wire_more=150000

# Parts in the store: how many, and their names, inodes, times and bytes.
stored() {
	local files=("$got"/chain_id=*/*/*/*/*_part_*)
	echo ${#files[@]}
}
stored_list() {
	local files=("$got"/chain_id=*/*/*/*/*_part_*)
	[ ${#files[@]} -eq 0 ] || stat -c '%n %i %Y %s' "${files[@]}" | sort
}
# numbers: of the parts that a list names. began LOG: of those of which something came.
numbers() { sed -n 's/.*_part_0*\([0-9]*[0-9]\)_of_.*/\1/p' | sort; }
began() { sed -n 's/^part \([0-9]*\) fetch$/\1/p' "$1" | sort -u; }

# One number for all parts of a store in a form, in their order; and their bytes.
sum_of() { cat "$1"/chain_id=*/*/*/*/"$prefix"_part_* | sha256sum; }
bytes_of() { cat "$1"/chain_id=*/*/*/*/"$prefix"_part_* | wc -c; }

# form_begin FORM STORE: in which form parts are fetched from now on, and what is wanted of them.
form_begin() {
	form=$1 prefix=${1/nearcore/state}
	what=(--root "$root" --of $of --form "$form" --log-level debug)
	whole_sum=$(sum_of "$2")
	whole_bytes=$(bytes_of "$2")
	mbit=$((whole_bytes * 8 / 1000 / took_aim + 1))
}

# undisturbed: a fetch that nobody kills; sets took, its milliseconds.
undisturbed() {
	rm -rf "$got"
	fetch_begin "$scratch/log" "${what[@]}"
	wait $fetching
	expect 0 $? "an undisturbed fetch, $form form"
	took=$(($(now_ms) - began_ms))
	echo "     $of parts, $whole_bytes bytes, $mbit Mbit/s: $took ms"
	[ $took -ge $took_min ]
	result $? "  takes at least $took_min ms"
	proves
	result $? '  and proves' || finish
}

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

# kill_at I OF: a fetch, begun and killed at this moment of so many. Counts running, seen, phases.
kill_at() {
	rm -rf "$got"
	: >"$scratch/log"
	fetch_begin "$scratch/log" "${what[@]}"
	case $(($1 % 4)) in
	1) kill_in put "$1" "$2" 2>"$scratch/reaped" ;;
	3) kill_in prove "$1" "$2" 2>"$scratch/reaped" ;;
	*)
		until_moment "$1" "$2"
		kill -9 $fetching 2>/dev/null
		;;
	esac
	wait $fetching 2>/dev/null
	[ $? -eq 137 ] && running=$((running + 1))
	seen="$seen $(stored)" phases="$phases $(phase)"
}

# killed_inside MOMENTS: were the moments of kill_at inside the transfer, and at what?
killed_inside() {
	local word words='fetch store'
	echo "     killed while it ran: $running of $1; stored by then:$seen"
	echo "     moments in" $(printf '%s\n' $phases | sort | uniq -c)
	[ $running -ge $(($1 * 9 / 10)) ]
	result $? 'nearly all moments fell inside the transfer'
	[ "$1" -lt 50 ] || words='fetch prove store'
	for word in $words; do
		[[ $phases == *$word* ]]
		result $? "  in $word"
	done
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

# go_on: a second run ends it, and leaves alone what the first had stored. What is sent for it is
# counted by the test's own sent_bytes.
go_on() {
	local kept missing came again
	kept=$(stored)
	stored_list >"$scratch/kept"
	missing=$((whole_bytes - $(awk '{ sum += $4 } END { printf "%d\n", sum }' "$scratch/kept")))
	came=$(sent_bytes)
	fetch_begin "$scratch/again" "${what[@]}"
	wait $fetching || {
		echo "     the second run: exit code $?"
		tail -n 5 "$scratch/again"
		return 1
	}
	came=$(($(sent_bytes) - came))
	echo "     $kept of $of parts were stored: $came bytes were sent for $missing"
	again=$(began "$scratch/again" | comm -12 - <(numbers <"$scratch/kept"))
	[ -z "$again" ] || { echo "     fetched again: part" $again; return 1; }
	again=$(stored_list | comm -13 - "$scratch/kept" | head -n 3)
	[ -z "$again" ] || { echo "     stored again: $again"; return 1; }
	if [ "$kept" -lt $of ] && ! grep -q "fetch: $((of - kept)) parts, " "$scratch/again"; then
		echo "     $kept were there, and then: $(tail -n 1 "$scratch/again")"
		return 1
	fi
	if [ "$came" -gt $((missing * wire_percent / 100 + wire_more)) ]; then
		echo '     that is too much'
		return 1
	fi
	proves
}
