#!/usr/bin/env bash
# Sources of every kind: parts without envelope, https, and sources that answer late or never.
. "$(dirname "$0")/lib.sh"

parts=$near/golden/small

# sync_from DB FLAG...: sets code, log and seconds.
sync_from() {
	local db=$1 begin=$SECONDS
	shift
	log=$scratch/log
	timeout 100 "$PENSTOCK" sync "$@" --root "$small_root" --shard s7.v3 --of 7 \
		--db "$db" >"$log" 2>&1
	code=$?
	seconds=$((SECONDS - begin))
}

# same_as_whole DB NAME
same_as_whole() {
	dump_db "$1" "$scratch/after" && cmp -s "$scratch/after.state" "$scratch/whole.state" &&
		cmp -s "$scratch/after.flat" "$scratch/whole.flat"
	result $? "$2"
}

sync_from "$scratch/whole" --from "dir:$parts"
expect 0 "$code" 'the undisturbed sync'
dump_db "$scratch/whole" "$scratch/whole"

# Parts as they were before protocol version 82.
mkdir "$scratch/bare"
for part in "$parts"/state_part_*; do
	"$PENSTOCK" inspect part --raw "$part" >"$scratch/bare/${part##*/}" || break
done
sync_from "$scratch/bare-db" --from "dir:$scratch/bare" --bare
expect 0 "$code" 'parts without envelope, with --bare' || tail -n 3 "$log"
same_as_whole "$scratch/bare-db" '  end in the same database'
sync_from "$scratch/bare-no" --from "dir:$scratch/bare"
expect 4 "$code" '  without --bare they are refused'
sync_from "$scratch/bare-mixed" --from "dir:$parts" --bare
expect 4 "$code" '  and so are others with it'

# A source that never answers holds up nobody.
start_hostile "$parts" silent
sync_from "$scratch/silent" --from "$url" --from "dir:$parts" --stall 60
expect 0 "$code" 'a source that never answers, before a good one' || tail -n 3 "$log"
[ "$seconds" -lt 20 ]
result $? "  costs less than 20 s ($seconds s)"
stop
sync_from "$scratch/dead" --from http://127.0.0.1:9 --from "dir:$parts" --tries 5
expect 0 "$code" 'a source that refuses, before a good one'
[ "$seconds" -lt 10 ]
result $? "  costs less than all its tries ($seconds s)"

# Half of the parts are here; the other half comes from a source that is up a little later.
mkdir "$scratch/half"
cp "$parts"/state_part_00000[024]_of_000007 "$scratch/half"
if command -v python3 >/dev/null; then
	start_hostile "$parts" ok
	port=${url##*:}
	stop
	(sleep 2.5 && exec python3 -m http.server "$port" --bind 127.0.0.1 --directory "$parts" \
		>/dev/null 2>&1) &
	late=$!
	sync_from "$scratch/late" --from "dir:$scratch/half" --from "http://127.0.0.1:$port"
	expect 0 "$code" 'a source that answers late joins' || tail -n 3 "$log"
	same_as_whole "$scratch/late" '  ends in the same database'
	kill "$late" 2>/dev/null
	sync_from "$scratch/never" --from "dir:$scratch/half" --from "http://127.0.0.1:$port" \
		--tries 2
	grep -q 'left out: http' "$log"
	result $? 'a source that never comes is left out'
	expect 6 "$code" '  and is the reason for what nobody else had'
else
	skip 'a source that answers late: no python3'
fi

# https with a certificate that nobody signed.
if command -v openssl >/dev/null; then
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=penstock-test \
		-addext subjectAltName=IP:127.0.0.1 -keyout "$scratch/key" -out "$scratch/cert" \
		2>/dev/null
	(cd "$parts" && exec openssl s_server -WWW -accept 127.0.0.1:0 -cert "$scratch/cert" \
		-key "$scratch/key" >"$scratch/tls" 2>&1) &
	server=$!
	wait_line "$scratch/tls" '^ACCEPT 127'
	url=https://$(sed -n 's/^ACCEPT //p' "$scratch/tls" | head -n 1)
	sync_from "$scratch/tls-no" --from "$url" --tries 1
	expect 6 "$code" 'https with a certificate that is not trusted'
	grep -q 'certificate is not trusted.*--cacert' "$log"
	result $? '  says so, and how to trust it' || cat "$log"
	sync_from "$scratch/tls-yes" --from "$url" --cacert "$scratch/cert"
	expect 0 "$code" '  with --cacert it is' || tail -n 3 "$log"
	same_as_whole "$scratch/tls-yes" '  and ends in the same database'
	sync_from "$scratch/tls-none" --from "$url" --cacert "$scratch/none" --tries 1
	expect 9 "$code" '  a file that is not there is told by its name'
	sync_from "$scratch/tls-bad" --from "$url" --cacert "$scratch/key" --tries 1
	expect 6 "$code" '  and so is one without a certificate'
	stop
else
	skip 'https: no openssl to make a certificate with'
fi
finish
