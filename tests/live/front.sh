#!/usr/bin/env bash
# The HTTP front: what it serves, how it refuses, and what its clients cannot do to it.
. "$(dirname "$0")/lib.sh"

command -v curl >"$scratch/curl" || { echo 'skip no curl'; exit 77; }
epoch=CVDFLCAjXhVWiPXH9nTCTpCgVzmDVoiPzNJYuccr1dqB
dir=chain_id=test/epoch_height=1/epoch_id=$epoch/shard_id=7
store=$scratch/store
part=state_part_000003_of_000007
mkdir -p "$store/$dir"
cp "$near/golden/small/"* "$store/$dir/"
echo secret >"$scratch/secret"
ln -s ../secret "$store/out"
ln -s /etc/passwd "$store/absolute"
ln -s . "$store/loop"
mkfifo "$store/pipe"
: >"$store/empty"
bytes=$(stat -c %s "$store/$dir/$part")

get() { curl -s --max-time 20 --path-as-is "$@"; }
status() { get -o "$scratch/body" -D "$scratch/head" -w '%{http_code}' "$@"; }
has() { grep -qi -- "$1" "$scratch/head"; }
# wait_status STATUS PATH: until it is answered so, at most 20 s.
wait_status() {
	for _ in $(seq 200); do
		[ "$(status "$url$2")" = "$1" ] && return 0
		sleep 0.1
	done
	return 1
}

start_serve "$store" || exit 1
expect 200 "$(status "$url/$dir/$part")" 'a file by its path'
cmp -s "$scratch/body" "$store/$dir/$part"
result $? '  byte for byte'
has "^content-length: $bytes" && has '^content-type: application/octet-stream' &&
	has '^accept-ranges: bytes'
result $? '  with its length and type'
tag=$(sed -n 's/^etag: *\([^\r]*\).*/\1/Ip' "$scratch/head")
expect 304 "$(status -H "If-None-Match: $tag" "$url/$dir/$part")" 'the same again: not modified'
expect 304 "$(status -H "If-None-Match: \"x\", W/$tag" "$url/$dir/$part")" '  in a list'
expect 200 "$(status -H 'If-None-Match: "x"' "$url/$dir/$part")" 'another tag: all of it'
expect '200 0' "$(get -I -o "$scratch/head" -w '%{http_code} %{size_download}' \
	"$url/$dir/$part")" 'HEAD, without a body'
has "^content-length: $bytes"
result $? '  with the length'
expect 200 "$(status "$url/empty")" 'an empty file'

# RANGE STATUS FIRST LAST
while read -r range wanted first last; do
	expect "$wanted" "$(status -H "Range: $range" "$url/$dir/$part")" "range $range"
	if [ "$wanted" = 416 ]; then
		has "^content-range: bytes \*/$bytes"
		result $? '  says the length'
	fi
	[ "$wanted" = 206 ] || continue
	has "^content-range: bytes $first-$last/$bytes" &&
		tail -c +$((first + 1)) "$store/$dir/$part" | head -c $((last - first + 1)) |
			cmp -s - "$scratch/body"
	result $? '  is those bytes'
done <<END
bytes=0-0 206 0 0
bytes=100-199 206 100 199
bytes=100- 206 100 $((bytes - 1))
bytes=-10 206 $((bytes - 10)) $((bytes - 1))
bytes=-99999999 206 0 $((bytes - 1))
bytes=5-99999999 206 5 $((bytes - 1))
bytes=$bytes- 416
bytes=99999999-99999999 416
bytes=-0 416
bytes=5-4 200
bytes=0-1,3-4 200
bytes=x 200
bytes=99999999999999999999999- 200
lines=1-2 200
END
range='Range: bytes=0-1'
expect 206 "$(status -H "If-Range: $tag" -H "$range" "$url/$dir/$part")" 'the same tag: a range'
expect 200 "$(status -H 'If-Range: "x"' -H "$range" "$url/$dir/$part")" 'another: all of it'

expect 200 "$(status -I -H "$range" "$url/$dir/$part")" 'HEAD knows no ranges'
expect 200 "$(status --request-target "$url/$dir/$part" "$url/")" 'the absolute form of a proxy'
cmp -s "$scratch/body" "$store/$dir/$part"
result $? '  is the same file'
expect 404 "$(status --request-target http://x/../secret "$url/")" '  and leads nowhere else'

# Names that must lead nowhere.
while read -r wanted path; do
	expect "$wanted" "$(status "$url$path")" "GET $path"
	! grep -qE 'secret|root:' "$scratch/body"
	result $? '  shows nothing'
done <<'END'
404 /
404 /none
404 /chain_id=test
404 /chain_id=test/
404 /../secret
404 /%2e%2e/secret
404 /loop/../../secret
404 /%2e%2e%2fsecret
404 /%252e%252e/secret
404 //etc/passwd
404 /%2fetc/passwd
404 /out
404 /absolute
404 /pipe
404 /.penstock/version
404 /%2epenstock/index
404 /loop/.penstock/version
404 /./.penstock/version
400 /empty%00.txt
400 /%
400 /%4
400 /%zz
END
long=$(printf 'x%.0s' $(seq 2000))
expect 400 "$(status "$url/$long")" 'a long name'
for method in POST PUT DELETE OPTIONS PATCH; do
	expect 405 "$(status -X $method -d x "$url/empty")" "$method"
done
has '^allow: GET, HEAD'
result $? '  says what is allowed'

# By state root.
wait_status 200 "/root/$small_root/of/7/state_part_000006_of_000007"
expect 200 "$(status "$url/root/$small_root")" 'a state by its root'
grep -q '"of": \[7\]' "$scratch/body" && grep -q '"have": \[7\]' "$scratch/body" &&
	grep -q '"memory_usage": 3110122' "$scratch/body"
result $? '  says N, how many are here and memory_usage'
expect 200 "$(status "$url/root/$small_root/of/7/$part")" 'a part by root and N'
cmp -s "$scratch/body" "$store/$dir/$part"
result $? '  is that part'
expect 404 "$(status "$url/root/$genesis_root")" 'a state that is not here'
grep -q '"error"' "$scratch/body"
result $? '  says so in JSON'
expect 404 "$(status "$url/root/$small_root/of/8/state_part_000003_of_000008")" 'another N'
for path in junk "$small_root/" "$small_root/of/7" "$small_root/of/7/$part/x" \
	"$small_root/of/8/$part" "$small_root/of/7/state_part_000007_of_000007"; do
	expect 400 "$(status "$url/root/$path")" "GET /root/$path"
done

# Parts come and go; a wrong one is never offered by root.
rm "$store/$dir/$part"
wait_status 404 "/root/$small_root/of/7/$part"
result $? 'a part that vanishes is not offered'
cp "$store/$dir/state_part_000002_of_000007" "$store/$dir/$part"
sleep 3
expect 404 "$(status "$url/root/$small_root/of/7/$part")" 'a part under a wrong number is not'
expect 200 "$(status "$url/$dir/$part")" '  but lies there by path'
cp "$near/golden/small/$part" "$store/$dir/$part"
wait_status 200 "/root/$small_root/of/7/$part"
result $? 'a part that appears is'

# Clients that do nothing good.
port=${url##*:}
for i in 1 2 3; do
	exec {hang}<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET /%s HTTP' "$dir" >&$hang
done
exec {junk}<>"/dev/tcp/127.0.0.1/$port"
head -c 100000 /dev/urandom >&$junk 2>"$scratch/junk"
huge=$(head -c 20000 /dev/zero | tr '\0' x)
expect 431 "$(status -H "X: $huge" "$url/empty")" 'a huge header'
expect 200 "$(status "$url/empty")" 'served beside them'
# Of 80 connections those beyond the limit are closed; a read from the others times out.
kept=$(
	for i in $(seq 80); do exec {fds[i]}<>"/dev/tcp/127.0.0.1/$port"; done
	sleep 0.5
	for fd in "${fds[@]}"; do
		read -r -t 0.01 -u "$fd" _
		[ $? -gt 128 ] && echo open
	done | wc -l
)
[ "$kept" -ge 50 ] && [ "$kept" -le 64 ]
result $? "at most 64 connections of an address ($kept of 80)"
exec {hang}>&- {junk}>&-
wait_status 200 /metrics
result $? 'served afterwards'
grep -qE '^penstock_http_requests_total\{class="2xx"\} [1-9]' "$scratch/body" &&
	grep -qE '^penstock_http_sent_bytes_total [1-9]' "$scratch/body" &&
	grep -qx 'penstock_parts_offered{form="nearcore"} 7' "$scratch/body" &&
	grep -qx 'penstock_roots 1' "$scratch/body"
result $? 'metrics' || cat "$scratch/body"

# Starting and stopping.
"$PENSTOCK" serve --http "127.0.0.1:$port" --store "$store" 2>"$scratch/log"
expect 9 $? 'a busy port'
grep -q "port $port" "$scratch/log"
result $? '  is named'
"$PENSTOCK" serve --http nonsense --store "$store" 2>"$scratch/log"
expect 2 $? 'no address'
"$PENSTOCK" serve --http 0 --store "$scratch/none" 2>"$scratch/log"
expect 9 $? 'no store'
truncate -s 20M "$store/large"
get --limit-rate 10M -o "$scratch/large" "$url/large" &
client=$!
sleep 0.5
kill -TERM "$server"
wait "$server"
expect 0 $? 'SIGTERM ends it'
wait $client
expect 20971520 "$(stat -c %s "$scratch/large")" '  after the file under way'

# A client that takes its time is waited for, until the second signal.
start_serve "$store"
curl -s --max-time 20 --limit-rate 100k -o "$scratch/slow" "$url/large" &
client=$!
sleep 0.5
kill -TERM "$server"
sleep 0.5
kill -0 "$server"
result $? 'a slow client is waited for'
kill -TERM "$server"
wait "$server"
expect 143 $? '  until a second signal'
kill $client
wait $client

# A store that is only read, its index elsewhere; and one with a damaged index.
start_serve "$store" --index "$scratch/index"
wait_status 200 "/root/$small_root/of/7/$part"
result $? 'a store with its index elsewhere'
for _ in $(seq 100); do [ -s "$scratch/index/index" ] && break; sleep 0.1; done
[ -s "$scratch/index/index" ]
result $? '  keeps it there'
kill -TERM "$server"
wait "$server"
expect 0 $? '  and ends'
echo junk >>"$scratch/index/index"
start_serve "$store" --index "$scratch/index"
wait_status 200 "/root/$small_root/of/7/$part"
result $? 'a damaged index is made anew'
grep -q 'made anew' "$scratch"/serve.*
result $? '  and said'
finish
