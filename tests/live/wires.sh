# wires: what the tests of our protocol over real networks share: three machines in a row, each a
# network namespace, joined by virtual Ethernet that the test makes, bends and removes. Sourced
# after lib.sh.
#
#     client 10.77.1.2 fd77:1::2 --- router --- server 10.77.2.2 fd77:2::2
#
# No device joins packets or cuts runs on its own, so that rules in the router and counts see
# each packet as it would be on a cable. The router's rules are of nftables, its rates of tc.
. "$(dirname "$0")/spaces.sh"
client=pen$$-c router=pen$$-r far=pen$$-s
# What is fetched lies in memory: the disk of a busy machine takes seconds for a file to be safe.
got=$scratch/tiny/got
client4=10.77.1.2 server4=10.77.2.2 client6=fd77:1::2 server6=fd77:2::2

# cable A NAME B NAME: between two namespaces.
cable() {
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3" &&
		at "$1" ethtool -K "$2" gso off gro off tx-udp-segmentation off >/dev/null &&
		at "$3" ethtool -K "$4" gso off gro off tx-udp-segmentation off >/dev/null
}

# host NS NAME NET NUMBER: a machine of 10.77.NET.NUMBER whose way out is the router.
host() {
	at "$1" ip addr add "10.77.$3.$4/24" dev "$2" &&
		at "$1" ip addr add "fd77:$3::$4/64" dev "$2" nodad
}

# wires_open: or say why not and end.
wires_open() {
	local name
	spaces_open pen ip nft ethtool tc curl -- "$client" "$router" "$far"
	mkdir "$scratch/tiny" && mount -t tmpfs -o size=256m none "$scratch/tiny" || exit 1
	for name in "$client" "$router" "$far"; do
		at "$name" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=1 \
			net.ipv6.conf.all.forwarding=1 net.ipv4.conf.default.rp_filter=0
		at "$name" ip link set lo up
	done
	cable "$client" near "$router" near && cable "$router" far "$far" far &&
		host "$client" near 1 2 && host "$router" near 1 1 &&
		host "$router" far 2 1 && host "$far" far 2 2 || exit 1
	mtu 1500
	for name in near:1:"$client" far:2:"$far"; do
		IFS=: read -r device net machine <<<"$name"
		at "$machine" ip route add default via "10.77.$net.1"
		at "$machine" ip route add default via "fd77:$net::1" dev "$device"
	done
	at "$client" nft -f - <<-'END'
		table inet count {
			counter came { }
			set sizes {
				typeof udp length
				flags dynamic
				counter
			}
			chain in {
				type filter hook input priority 0
				udp sport 7070-7079 counter name came update @sizes { udp length }
			}
		}
	END
}

# mtu BYTES [BYTES [BYTES [BYTES]]]: of the client's, the router's two, and the server's devices.
mtu() {
	at "$client" ip link set near mtu "$1" up
	at "$router" ip link set near mtu "${2:-$1}" up
	at "$router" ip link set far mtu "${3:-${2:-$1}}" up
	at "$far" ip link set far mtu "${4:-${3:-${2:-$1}}}" up
}

# rules [LINE...]: what the router does to packets that it forwards from now on.
rules() {
	at "$router" nft -f - <<-END
		table inet wires
		delete table inet wires
		table inet wires {
			counter hit { }
			chain forward {
				type filter hook forward priority 0
				$(printf '%s\n' "$@")
			}
		}
	END
}

# hits: packets that met a rule with "counter name hit".
hits() { at "$router" nft list counter inet wires hit | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }

# rate DEVICE [MBIT]: what leaves the router by this device, at most.
rate() {
	at "$router" tc qdisc del dev "$1" root 2>/dev/null
	[ -z "${2:-}" ] ||
		at "$router" tc qdisc add dev "$1" root tbf rate "$2mbit" burst 32kb limit 200kb
}

# Bytes that came to the client from servers: of IP, since the counts were last cleared.
came_bytes() {
	at "$client" nft list counter inet count came | sed -n 's/.*bytes \([0-9]*\).*/\1/p'
}

counts_clear() {
	at "$client" nft reset counter inet count came >/dev/null
	at "$client" nft flush set inet count sizes
}

# size_used: the payload in which most bytes came, of those that the protocol has; behind it what
# came of each.
size_used() {
	at "$client" nft list set inet count sizes | tr ',' '\n' |
		sed -n 's/[^0-9]*\([0-9]*\) counter packets \([0-9]*\) bytes.*/\1 \2/p' |
		awk '{ size = $1 - 40; n[size] = $2 }
			END {
				count = split("1200 1328 1408 3328 8192", all)
				for (i = 1; i <= count; i++) {
					size = all[i]
					if (!n[size]) continue
					said = said " " size ":" n[size]
					if (n[size] * size <= most) continue
					most = n[size] * size
					used = size
				}
				print used said
			}'
}

# serve_begin PORT STORE [FLAG...]: a server at all addresses of the far machine, which listens;
# sets server.
serve_begin() {
	local port=$1 store=$2 log=$scratch/serve.$1
	shift 2
	: >"$log"
	# Not by `at`: what is killed must be the server, not a shell around it.
	ip netns exec "$far" "$PENSTOCK" serve --listen "[::]:$port" --store "$store" \
		--http "10.77.2.2:$((port + 1000))" "$@" 2>"$log" &
	server=$!
	wait_line "$log" 'udp '
}

# serve_far PORT STORE [FLAG...]: the same, and it offers all that it has.
serve_far() {
	serve_begin "$@" && wait_line "$scratch/serve.$1" 'http://' || return 1
	for _ in $(seq 400); do
		at "$far" curl -sf "http://10.77.2.2:$(($1 + 1000))/metrics" 2>/dev/null |
			grep -qx 'penstock_catalog_complete 1' && break
		sleep 0.05
	done
	# By UDP it is offered when the server looks next, four times a second.
	sleep 0.3
}

# fetch [FLAG...]: by the client, into $got; what is said goes to $scratch/out; sets code
# and took_ms. Counts begin anew.
fetch() {
	local begin
	counts_clear
	begin=$(now_ms)
	at "$client" timeout 120 "$PENSTOCK" fetch --store "$got" "$@" >"$scratch/out" 2>&1
	code=$?
	took_ms=$(($(now_ms) - begin))
}

# fetch_begin [FLAG...]: the same beside the test; sets fetching. fetch_end waits for it.
fetch_begin() {
	counts_clear
	began=$(now_ms)
	ip netns exec "$client" "$PENSTOCK" fetch --store "$got" "$@" >"$scratch/out" 2>&1 &
	fetching=$!
}
fetch_end() {
	wait "$fetching"
	code=$?
	took_ms=$(($(now_ms) - began))
}

# until_came BYTES: until so many came to the client, or the fetch ended: false.
until_came() {
	while kill -0 "$fetching" 2>/dev/null; do
		[ "$(came_bytes)" -lt "$1" ] || return 0
		sleep 0.01
	done
	return 1
}

# flows BYTES: how long it takes from now until so many came, or the fetch ended; sets flow_ms.
flows() {
	local begin
	begin=$(now_ms)
	until_came $(($(came_bytes) + $1))
	flow_ms=$(($(now_ms) - begin))
}

# tell CODE NAME: as result, and what the fetch said if that is a failure.
tell() {
	result "$1" "$2"
	[ "$1" -eq 0 ] || tail -n 20 "$scratch/out" | sed 's/^/     /'
}

# whole NAME: the raw object was fetched, byte for byte.
whole() {
	[ "$code" = 0 ] && cmp -s "$scratch/bytes" "$got/raw/$object"
	tell $? "$1: whole after $took_ms ms"
	rm -rf "$got"
}
