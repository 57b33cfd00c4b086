#!/usr/bin/env bash
# Our protocol over paths that differ in width, shrink, swallow large packets without a word, or
# lead to a client whose address changes. Every transfer is whole; what is lost is time, and little.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/wires.sh"
wires_open

# A server that sends no faster makes a transfer long enough to be disturbed, whatever the machine.
rate=8MiB
# Both families are disturbed with PEN_LONG, else one.
long=${PEN_LONG:-} families=$server4
[ -z "$long" ] || families="$server4 [$server6]"
# What a disturbance may cost beside the undisturbed run.
lost_max_ms=1000
# With other tests beside it on the same cores both ends wait for a CPU as well: six that spin cost
# up to 1.4 s, and as much the other way.
[ -n "$long" ] || lost_max_ms=3000

# So many slots are opened before the first has shown what the path carries; and so slowly that each
# size has its turn, whatever the machine: a try that a busy machine spoils is made again.
raw_object 40000000 || exit 1
mtu 9000
serve_far 7070 "$scratch/raw" --rate 20MiB || exit 1
raw() { fetch --from "$1:7070" --root "$object" --form raw; }

# used WANTED NAME: the payload that carried most.
used() {
	local seen
	seen=$(size_used)
	[ "${seen%% *}" = "$1" ]
	result $? "  in packets of $1 (${seen#* })"
}

# proven WANTED: as many packets of this payload came as prove a size. By then much of the object
# was asked for in the smallest, on a busy machine most of it.
proven() {
	local seen
	seen=$(size_used)
	[[ $seen\  =~ \ $1:([0-9]+)\  ]] && [ "${BASH_REMATCH[1]}" -ge 8 ]
	result $? "  and packets of $1 were found to pass (${seen#* })"
}

# Width of the client's device, the router's two, the server's; and what fits.
while read -r look widths size; do
	# shellcheck disable=SC2086
	mtu ${widths//,/ }
	for whom in $server4 "[$server6]"; do
		raw "$whom"
		whole "path $widths to $whom"
		$look "$size"
	done
done <<-'END'
	used 1280 1200
	proven 1460 1328
	proven 1500 1408
	proven 9000 8192
	proven 9000,9000,1500 1408
	proven 1500,1500,9000 1408
	proven 9000,1500,9000 1408
	proven 9000,9000,1500,9000 1408
END
if [ -n "$long" ]; then
	serve_far 7072 "$scratch/raw" --rate 4MiB --index "$scratch/index" || exit 1
	mtu 9000 1400 9000
	for whom in $server4 "[$server6]"; do
		fetch --from "$whom:7072" --root "$object" --form raw
		whole "path 9000,1400,9000 to $whom"
		echo "     in packets of $(size_used)"
	done
	stop
fi

rm -r "$scratch/raw"
raw_object 12000000 || exit 1
serve_far 7071 "$scratch/raw" --rate $rate || exit 1
slowly() { fetch --from "$1:7071" --root "$object" --form raw; }

# lost NAME: how much longer than undisturbed?
lost() {
	local lost_ms=$((took_ms - calm_ms))
	[ $lost_ms -lt $lost_max_ms ]
	tell $? "  at a cost of $lost_ms ms"
}

# disturbed WHOM NAME COMMAND...: a transfer, and a command when a third of it came.
disturbed() {
	local whom=$1 name=$2
	shift 2
	fetch_begin --from "$whom:7071" --root "$object" --form raw
	until_came 4000000
	result $? "$name: in the middle"
	"$@"
	counts_clear
	fetch_end
	whole "  $whom"
	lost
	used 1200
	rules
	mtu 9000
}

swallow() { rules 'udp sport 7071 udp length > 1300 counter name hit drop'; }
for whom in $families; do
	# What the same costs when nothing happens: of the narrowest packets.
	mtu 1280
	slowly "$whom"
	whole "undisturbed, 1,280 bytes, $rate/s"
	calm_ms=$took_ms
	mtu 9000
	swallow
	slowly "$whom"
	whole "packets above 1,300 bytes vanish on the way from $whom"
	lost
	used 1200
	[ "$(hits)" -ge 8 ]
	result $? "  after larger ones were tried ($(hits))"
	rules
	disturbed "$whom" 'they begin to vanish' swallow
	disturbed "$whom" '9,000 bytes become 1,280 in the router' mtu 9000 1280 9000
	[ -n "$long" ] || continue
	disturbed "$whom" '9,000 bytes become 1,280 at the server' mtu 9000 9000 1280 1280
	disturbed "$whom" '9,000 bytes become 1,280 at the client' mtu 1280 1280 9000
done
finish
