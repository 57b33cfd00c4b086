# cable: what the tests of our protocol under stress share: a client and a server, each in a
# network namespace, joined by a virtual cable with the offloads that the kernel gives it; and
# strangers, with a cable to each, to whom both send what goes to nobody they know. Sourced after
# lib.sh; all of it goes with the test, or with the next one if the test was killed.
#
#     client 10.78.3.1 --- 10.78.3.2 server        strangers: 10.78.1.2 at the client (device
#                                                  client), 10.78.2.2 at the server (server)
. "$(dirname "$0")/spaces.sh"
client=cab$$-c far=cab$$-s strangers=cab$$-x
client4=10.78.3.1 server4=10.78.3.2
got=$scratch/got

# join NS DEVICE ADDRESS NS DEVICE ADDRESS: a cable, up.
join() {
	ip link add "$2" netns "$1" type veth peer name "$5" netns "$4" &&
		at "$1" ip addr add "$3/24" dev "$2" && at "$1" ip link set "$2" up &&
		at "$4" ip addr add "$6/24" dev "$5" && at "$4" ip link set "$5" up
}

# cable_open: or say why not, and end.
cable_open() {
	local name
	spaces_open cab ip ss -- "$client" "$far" "$strangers"
	for name in "$client" "$far" "$strangers"; do
		at "$name" sysctl -qw net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.conf.default.rp_filter=0
		at "$name" ip link set lo up
	done
	join "$client" own $client4 "$far" own $server4 &&
		join "$client" out 10.78.1.1 "$strangers" client 10.78.1.2 &&
		join "$far" out 10.78.2.1 "$strangers" server 10.78.2.2 &&
		at "$client" ip route add default via 10.78.1.2 &&
		at "$far" ip route add default via 10.78.2.2 &&
		at "$strangers" ip route add blackhole default || exit 1
}

# Bytes of frames that ever came to the client by the cable between the two.
came_bytes() { at "$client" cat /sys/class/net/own/statistics/rx_bytes; }

# serve_far STORE [FLAG...]: a server, ready; sets server, its process; says it in $scratch/serve.
# At port 7070 by UDP and 8070 by HTTP, or as many further as far_port says.
far_port=0
serve_far() {
	local front=$server4:$((8070 + far_port))
	: >"$scratch/serve"
	ip netns exec "$far" "$PENSTOCK" serve --listen "$server4:$((7070 + far_port))" \
		--http "$front" --store "$@" 2>"$scratch/serve" &
	server=$!
	wait_line "$scratch/serve" 'http://' || return 1
	for _ in $(seq 1200); do
		at "$far" curl -sf "http://$front/metrics" 2>"$scratch/err" |
			grep -qx 'penstock_catalog_complete 1' && return 0
		sleep 0.05
	done
	echo '     the server has not proved its store'
	return 1
}

# fetch_begin OUT FLAG...: into $got, from the first server, or from those of fetch_from; sets
# fetching, its process, and began_ms.
fetch_from=(--from "$server4:7070")
fetch_begin() {
	local out=$1
	shift
	ip netns exec "$client" "$PENSTOCK" fetch "${fetch_from[@]}" --store "$got" "$@" \
		>"$out" 2>&1 &
	fetching=$!
	began_ms=$(now_ms)
}
