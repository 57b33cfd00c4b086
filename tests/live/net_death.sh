#!/usr/bin/env bash
# Servers and clients that are killed in the middle and come back, and clients whose address
# changes: the transfer goes on, what was proved is not fetched again, and the time lost is that in
# which nobody was there, and little more.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/wires.sh"
wires_open

# Both families for each with PEN_LONG, else one.
long=${PEN_LONG:-}
# A transfer of three seconds, whatever the machine.
rate=4MiB
# What a server's return may cost: two round trips, which are nothing here, and a second. And a
# client's move: one challenge a second, a timeout that has grown to a second, and the same.
back_max_ms=1000 move_max_ms=3000
# With other tests beside it on the same cores both ends wait for a CPU as well.
[ -n "$long" ] || back_max_ms=2000
# It is back when what comes in a quarter of a second has come, which is not counted.
quarter=1048576

raw_object 12000000 || exit 1
make_state "$scratch/store" 40000 24 || finish
serve_far 7070 "$scratch/raw" --rate $rate || exit 1
object_begin() { fetch_begin --from "$1:7070" --root "$object" --form raw; }

# back NAME MAX: it does not take longer until data comes again, at its rate.
back() {
	flows $quarter
	flow_ms=$((flow_ms - 250))
	[ $flow_ms -le "$2" ]
	tell $? "  $1: $flow_ms ms later"
}

# killed WHOM NAME [FLAG...]: in the middle of a transfer, and back with these flags.
killed() {
	object_begin "$1"
	until_came 4000000
	result $? "$2"
	stop
	sleep 0.5
	serve_begin 7070 "$scratch/raw" --rate $rate "${@:3}"
	back 'it listens again, and sends' $back_max_ms
	fetch_end
	whole "  $1"
}
# What another server needs to offer the same at once, but for who it is.
cp -r "$scratch/raw/.penstock" "$scratch/other"
rm "$scratch/other/identity"
killed $server4 'a server is killed in the middle'
killed "[$server6]" 'a server is killed, and another takes its place' --index "$scratch/other"
[ -z "$long" ] || killed "[$server6]" 'a server is killed in the middle'
[ -z "$long" ] || killed $server4 'a server is killed, and another takes its place' \
	--index "$scratch/raw/.penstock"

# The client dies: what it had proved it does not ask for again.
serve_far 7071 "$scratch/store" --rate 1MiB --index "$scratch/index" || exit 1
here() { find "$got" -name 'state_part_*' 2>/dev/null | sort; }
state_begin() { fetch_begin --from "$1:7071" --root "$root" --of 24; }
state_begin $server4
for _ in $(seq 2000); do
	[ "$(here | wc -l)" -lt 8 ] && kill -0 $fetching 2>/dev/null || break
	sleep 0.01
done
kill -9 $fetching
wait $fetching 2>/dev/null
expect 137 $? 'a client is killed in the middle'
kept=$(here)
before=$(stat -c '%n %Y %i' $kept)
missing=0
for part in "$scratch"/store/chain_id=*/*/*/*/state_part_*; do
	grep -q "$(basename "$part")" <<<"$kept" || missing=$((missing + $(stat -c %s "$part")))
done
state_begin $server4
fetch_end
expect 0 $code '  and started again'
expect 24 "$(here | wc -l)" '  has all parts'
expect "$before" "$(stat -c '%n %Y %i' $kept)" '  and the old ones as they were'
came=$(came_bytes)
# Headers are 60 of 1,260 bytes; what is asked beside parts fits into 64 KiB.
[ "$came" -le $((missing * 108 / 100 + 65536)) ] && [ "$missing" -gt 0 ]
result $? "  of which $(wc -l <<<"$kept") were there: $came bytes came for $missing missing"
rm -rf "$got"

# The client moves: to another address, or behind a router that gives it another port.
move() {
	at "$client" ip addr del "10.77.1.$1/24" dev near
	at "$client" ip addr del "fd77:1::$1/64" dev near
	host "$client" near 1 "$2"
	at "$client" ip route replace default via 10.77.1.1
	at "$client" ip -6 route replace default via fd77:1::1 dev near
}
# translate PORT: the router shows the client under this port, and forgets the one before.
translate() {
	local port
	port=$(at "$client" cat /proc/net/udp6 |
		sed -n 's/^ *[0-9]*: [0-9A-F]*:\([0-9A-F]*\) .*/\1/p' | head -n 1)
	port=$((16#$port))
	at "$router" nft -f - <<-END
		table inet translate
		delete table inet translate
		table inet translate {
			chain in {
				type filter hook prerouting priority -300
				udp sport 7070 udp dport $port drop
				udp sport 7070 udp dport $1 udp dport set $port
			}
			chain out {
				type filter hook postrouting priority 300
				udp dport 7070 udp sport set $1
			}
		}
	END
}
addresses() {
	object_begin "$1"
	until_came 4000000
	result $? "the client's address changes in the middle"
	move 2 3
	back 'the server follows' $move_max_ms
	fetch_end
	whole "  $1"
	move 3 2
}
ports() {
	object_begin "$1"
	for came in 3000000 7000000; do
		until_came $came
		result $? "the client's port changes in the middle"
		translate $((5000 + came / 1000000))
		back 'the server follows' $move_max_ms
	done
	fetch_end
	whole "  $1"
	at "$router" nft delete table inet translate
}
addresses "[$server6]"
ports $server4
[ -z "$long" ] || addresses $server4
[ -z "$long" ] || ports "[$server6]"
finish
