#!/usr/bin/env bash
# Our protocol over paths that lose, repeat and reorder packets, in each direction and both. The
# router does it, by chance: each run is another one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/wires.sh"
wires_open

mbytes=6 rows='1 5 20' families=$server4
[ -z "${PEN_LONG:-}" ] || mbytes=40 rows='1 2 5 10 20 40' families="$server4 [$server6]"
raw_object $((mbytes * 1000000)) || exit 1
make_state "$scratch/store" 20000 12 || finish
there='udp dport 7070-7071' back='udp sport 7070-7071'
serve_far 7070 "$scratch/raw" && serve_far 7071 "$scratch/store" --index "$scratch/index" || exit 1

object() {
	fetch --from "$1:7070" --root "$object" --form raw
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
