#!/usr/bin/env bash
# A flood of packets that nobody asked for, from addresses that nobody has (flood.c), at the port of
# a server, and of a client, in the middle of a transfer: the object is right, newcomers get in,
# memory and log stay as they were. It may cost a fifth of the transfer's rate beside what the same
# packets cost at a closed port of that host: sending them, and the kernel's part of receiving them,
# take CPUs from the transfer too, all the more on a machine of two, and are not the server's doing.
# Rates are of whole blocks in the client's file between the first packet of the flood and the last;
# runs alternate. Client and server have a cable of their own, with the offloads that the kernel
# gives; the flood comes by another. The server sends at most 1 Gbit/s, so that a run lasts.
# 1,000,000 packets, and the rate, with PEN_LONG; else 100,000, and no rate, which means nothing in
# a second of a machine that does other things too.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cable.sh"
cable_open

# On a busy machine a second of packets takes three: a transfer of six.
packets=100000 bytes=60000000 mbit=80 rounds=1
[ -z "${PEN_LONG:-}" ] || packets=1000000 bytes=1700000000 mbit=1000 rounds=2
per_second=100000
ratio_min=80 kib_max=1024 lines_max=10
flood=$PEN_BUILD/tests/live/live_flood
closed=9 port=7070

# mac_of MACHINE: where strangers reach it.
mac_of() { at "$1" cat /sys/class/net/out/address; }
# most_of PID: the most memory that it ever had, in KiB.
most_of() { sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }
# Ticks of CPU that a process took.
ticks_of() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
# Bytes of whole blocks that the client has.
stored() {
	stat -c '%b' "$got"/.penstock/partial/* 2>/dev/null |
		awk '{ sum += $1 * 512 } END { printf "%d\n", sum }'
}

# flood_at server|closed|client: sets kbs, what was stored meanwhile, in KB a second.
flood_at() {
	local to begin_ms begin_bytes
	local client_port
	client_port=$(at "$client" ss -Hlunp |
		sed -n "s/.*:\([0-9]*\) .*pid=$fetching,.*/\1/p" | head -n 1)
	local friend=($client4 "$client_port")
	case $1 in
	server) to=(server "$(mac_of "$far")" $server4 $port) ;;
	closed) to=(server "$(mac_of "$far")" $server4 $closed) ;;
	client)
		to=(client "$(mac_of "$client")" $client4 "$client_port")
		friend=($server4 $port)
		;;
	esac
	begin_bytes=$(stored) begin_ms=$(now_ms)
	at "$strangers" "$flood" "${to[@]}" $packets $per_second 1 "${friend[@]}" \
		>"$scratch/flooded"
	result $? "  $(cat "$scratch/flooded")"
	kbs=$((($(stored) - begin_bytes) / ($(now_ms) - begin_ms)))
}

# newcomer: another client, while the flood goes on.
newcomer() {
	local begin
	begin=$(now_ms)
	at "$client" timeout 60 "$PENSTOCK" fetch --store "$scratch/new" --form raw \
		--from "$server4:$port" --root "$small" >"$scratch/newcomer" 2>&1
	echo "$? $(($(now_ms) - begin))" >"$scratch/newcomer.took"
	rm -rf "$scratch/new"
}

# run WHERE: a transfer with a flood in the middle; sets kbs, client_kib and server_kib.
run() {
	local before joining joined join_ms lines
	fetch_begin "$scratch/out" --root "$object" --form raw
	until [ "$(stored)" -gt 4000000 ] || ! kill -0 $fetching 2>/dev/null; do sleep 0.02; done
	before=$(ticks_of "$server")
	newcomer &
	joining=$!
	flood_at "$1"
	server_us=$((($(ticks_of "$server") - before) * 10000))
	client_kib=$(most_of $fetching)
	kill -0 $fetching 2>/dev/null
	result $? "  all of it in the middle of the transfer"
	wait $fetching && cmp -s "$scratch/bytes" "$got/raw/$object"
	result $? "flooded: $1: whole after $(($(now_ms) - began_ms)) ms" || cat "$scratch/out"
	server_kib=$(most_of "$server")
	rm -rf "$got"
	wait $joining
	read -r joined join_ms <"$scratch/newcomer.took"
	expect 0 "$joined" "  somebody new got in, and a small object, in $join_ms ms" ||
		cat "$scratch/newcomer"
	if [ -n "${PEN_LONG:-}" ]; then
		[ "$join_ms" -lt $((packets * 1000 / per_second)) ]
		result $? '  before the flood was over'
	fi
	lines=$(cat "$scratch/serve" "$scratch/out" | wc -l)
	[ "$lines" -le $lines_max ]
	result $? "  $lines lines in both logs" || head -n 20 "$scratch/serve" "$scratch/out"
	echo "     $kbs KB/s; server: $((server_us / 1000)) ms of CPU, $server_kib KiB;" \
		"client: $client_kib KiB"
}

# within NAME WITH WITHOUT: memory.
within() {
	if [ "${PEN_SANITIZE:-none}" != none ]; then
		skip "  memory of the $1: a sanitizer keeps what is freed"
		return
	fi
	[ $(($2 - $3)) -le $kib_max ]
	result $? "  the $1 took $(($2 - $3)) KiB more"
}

raw_object 300000 || exit 1
small=$object
raw_object $bytes || exit 1
serve_far "$scratch/raw" --rate ${mbit}Mbit/s || exit 1
ratios= calm_client=0
calm() {
	run closed
	calm_kbs=$kbs calm_server=$server_kib
	calm_client=$((client_kib > calm_client ? client_kib : calm_client))
}
for _ in $(seq $rounds); do
	calm
	run server
	within server "$server_kib" "$calm_server"
	ratios="$ratios $((kbs * 100 / (calm_kbs + (calm_kbs == 0))))"
done
calm
run client
within client "$client_kib" "$calm_client"
if [ -n "${PEN_LONG:-}" ]; then
	[ "$(printf '%s\n' $ratios | sort -n | head -n 1)" -ge $ratio_min ]
	result $? "of the rate beside a closed port it keeps$(printf ' %s%%' $ratios)"
else
	skip 'the rate: only with PEN_LONG, on a machine that does nothing else'
fi
finish
