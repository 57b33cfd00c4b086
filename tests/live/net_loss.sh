#!/usr/bin/env bash
# Our protocol over paths that lose, repeat and reorder packets, in each direction and both. The
# router does it, by chance: each run is another one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/wires.sh"
wires_open

mbytes=6 rows='1 5 20' families=$server4
[ -z "${PEN_LONG:-}" ] || mbytes=40 rows='1 2 5 10 20' families="$server4 [$server6]"
# For rows beyond those that a network in use has.
raw_object 6000000 || exit 1
small=$object
mv "$scratch/bytes" "$scratch/small"
raw_object $((mbytes * 1000000)) || exit 1
make_state "$scratch/store" 20000 12 || finish
there='udp dport 7070-7071' back='udp sport 7070-7071'
serve_far 7070 "$scratch/raw" && serve_far 7071 "$scratch/store" --index "$scratch/index" || exit 1

object() {
	fetch --from "$1:7070" --root "$object" --form raw "${@:3}"
	whole "$2"
	[ "$(hits)" -gt 0 ]
	result $? "  though packets were ($(hits))"
}
# twice: one packet of ten to the client leaves the router twice.
twice() {
	at "$router" nft -f - <<-END
		table ip twice {
			chain in {
				type filter hook prerouting priority 0
				$back numgen random mod 10 < 1 dup to $client4 device near
			}
		}
		table ip6 twice {
			chain in {
				type filter hook prerouting priority 0
				$back numgen random mod 10 < 1 dup to $client6 device near
			}
		}
	END
}
once() {
	at "$router" nft delete table ip twice
	at "$router" nft delete table ip6 twice
}
# detour: packets that a rule sends to class 1:20 wait, and others overtake them.
detour() {
	at "$router" tc qdisc add dev near root handle 1: htb default 10
	at "$router" tc class add dev near parent 1: classid 1:10 htb rate 10gbit quantum 9000
	at "$router" tc class add dev near parent 1: classid 1:20 htb rate 20mbit quantum 9000
}
# most WHOM: rows with 40 % lost, twice what we are made for. That is above what a rate takes for
# the path's own (flow/rate.h), so some 2 Mb/s are left: 24 s for this object. Both ways two of
# three questions get no answer, so it is given 41 HELLOs, and to begin may take 16 s. By
# chance in each direction: a strict turn, as below, would lose one of two alternating questions for
# ever, which no network does.
most_ms=90000
most() {
	local object=$small lose='numgen random mod 100 < 40 counter name hit drop'
	mv "$scratch/bytes" "$scratch/large" && cp "$scratch/small" "$scratch/bytes"
	rules "$back $lose"
	most_object "$1" "40 % of what $1 sends is lost"
	rules "$there $lose"
	most_object "$1" '40 % of what it is sent is lost'
	rules "$back $lose" "$there $lose"
	most_object "$1" '40 % both ways'
	mv "$scratch/large" "$scratch/bytes"
}
most_object() {
	object "$1" "$2" --tries 10 --stall 90
	[ "$took_ms" -le $most_ms ]
	result $? "  within $((most_ms / 1000)) s"
}
late="$back numgen random mod 10 < 1 counter name hit meta priority set 1:20"
for whom in $families; do
	for percent in $rows; do
		lose="numgen random mod 100 < $percent counter name hit drop"
		# Little is said in this direction: the first, and then every so many.
		lose_there="numgen inc mod $((100 / percent)) < 1 counter name hit drop"
		rules "$back $lose"
		object "$whom" "$percent % of what $whom sends is lost"
		rules "$there $lose_there"
		object "$whom" "$percent % of what it is sent is lost"
		rules "$back $lose" "$there $lose"
		object "$whom" "$percent % both ways"
	done
	[ -z "${PEN_LONG:-}" ] || most "$whom"
	rules "$back numgen random mod 100 < 1 counter name hit drop"
	twice
	object "$whom" 'one packet of ten comes twice, one of a hundred never'
	once
	detour
	rules "$late"
	object "$whom" 'one packet of ten comes late'
	rules "$back numgen random mod 100 < 2 counter name hit drop" "$late"
	twice
	object "$whom" 'late, twice, or never'
	once
	rate near
	rules
done
rules "$back numgen random mod 20 < 1 counter name hit drop" \
	"$there numgen random mod 20 < 1 counter name hit drop"
fetch --from $server4:7071 --root "$root" --of 12
expect 0 $code 'the parts of a state, 5 % lost both ways'
expect 12 "$(find "$got" -name 'state_part_*' | wc -l)" '  all of them'
finish
