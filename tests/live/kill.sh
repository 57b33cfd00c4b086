#!/usr/bin/env bash
# kill -9 of sync, and of serve, at moments spread over a whole run: the database ends equal, key
# by key, and verifies; no applied part is fetched or applied again. A moment is a number of
# applied parts and a little more time, so that a busy machine does not push them together.
# 50 moments each with PEN_LONG, else 8 and 4.
. "$(dirname "$0")/lib.sh"

moments=8 serve_moments=4
[ -z "${PEN_LONG:-}" ] || moments=50 serve_moments=50
of=96 connections=8
# How long an undisturbed run must take at least, and the most keys to try for that.
took_min=3000 keys_max=3000000

# sync_exec DB [FLAG...]: its process is the sync itself, so that a kill hits that.
sync_exec() {
	exec "$PENSTOCK" sync --from "$url" --root "$root" --shard s7.v3 --of $of --jobs 2 \
		--connections $connections --log-level debug --db "$@"
}
sync_db() {
	(sync_exec "$@")
}

# A state that is large enough, its server, and the database that all others must equal.
prepare() {
	keys=40000
	while :; do
		rm -rf "$scratch/store" "$scratch/whole"
		make_state "$scratch/store" $keys $of || { cat "$scratch/make.log"; return 1; }
		start_serve "$scratch/store" || return 1
		for _ in $(seq 600); do
			curl -sf "$url/root/$root" >"$scratch/offered" && break
			sleep 0.1
		done
		begin=$(date +%s%N)
		sync_db "$scratch/whole" >"$scratch/log" 2>&1 || { cat "$scratch/log"; return 1; }
		took=$((($(date +%s%N) - begin) / 1000000))
		[ $took -lt $took_min ] && [ $keys -lt $keys_max ] || break
		stop
		more=$((took_min * 5 / 4 / (took + 1) + 1))
		keys=$((keys * (more < 8 ? more : 8)))
	done
	dump_db "$scratch/whole" "$scratch/whole"
}

# Between the two a line that needs as long for the parts as the sync did: on the loopback they come
# so quickly that none would ever be found under way, and a run is no shorter on an idle machine.
slow_line() {
	direct=$url
	port=${url##*:}
	"$line" "$port" $(($(du -bs "$scratch/store" | cut -f 1) * 1000 / took / connections)) \
		>"$scratch/line" &
	wait_line "$scratch/line" '^[0-9]' || return 1
	url=http://127.0.0.1:$(cat "$scratch/line")
	begin=$(date +%s%N)
	sync_db "$scratch/slow" >"$scratch/log" 2>&1 || return 1
	took=$((($(date +%s%N) - begin) / 1000000))
}

parts() {
	sed -n "s/^part \([0-9]*\) $2\$/\1/p" "$1" | sort -u
}

# until_moment I OF LOG PID: until the process has applied I/OF of the parts, and then for up
# to twice the time of a part, or until it ends.
until_moment() {
	local want=$((of * $1 / $2))
	until grep -q '^part' "$3" || ! kill -0 "$4" 2>/dev/null; do sleep 0.005; done
	while [ "$(grep -c '^part [0-9]* done$' "$3")" -lt $want ] && kill -0 "$4" 2>/dev/null; do
		sleep 0.005
	done
	sleep "$(awk "BEGIN { print $took / $of / 500 * ($1 * 37 % 50) / 50 }")"
}

# kill_in_prove I OF LOG PID: kill -9 as soon as, behind that many parts, one begins to be proved.
# That takes a few milliseconds a part, which moments chosen without a look mostly miss.
kill_in_prove() {
	local want=$((of * $1 / $2)) applied=0
	tail -n +1 -s 0.001 -f "$3" --pid="$4" 2>/dev/null | while read -r _ _ what; do
		[ "$what" != 'done' ] || applied=$((applied + 1))
		[ "$what" = prove ] && [ $applied -ge $want ] && kill -9 "$4" && break
	done
	kill -9 "$4" 2>/dev/null
}

# What the parts in flight were doing when the log ends: "1 0 ..." in the order of $stages.
stages='fetch wait prove put commit'
phases() {
	awk -v stages="$stages" '/^part [0-9]+ [a-z]+$/ { at[$2] = $3 }
		END {
			for (part in at) n[at[part]] = 1
			count = split(stages, stage)
			for (i = 1; i <= count; i++) printf "%d ", n[stage[i]]
			print ""
		}' "$1"
}

# check_db DB: says what is wrong.
check_db() {
	"$PENSTOCK" verify db "$1" --shard s7.v3 --root "$root" >"$scratch/verify" 2>&1 || {
		echo "     verify db: exit code $?"
		cat "$scratch/verify"
		return 1
	}
	dump_db "$1" "$scratch/again" && for column in state flat; do
		cmp "$scratch/again.$column" "$scratch/whole.$column" || return 1
	done
}

# go_on DB LOG: a second run ends it, without what the first, whose log is LOG, had applied.
go_on() {
	url=$direct sync_db "$1" >"$2.again" 2>&1 || {
		echo "     the second run: exit code $?"
		tail -n 5 "$2.again"
		return 1
	}
	parts "$2" 'done' >"$scratch/applied"
	for word in fetch 'done'; do
		parts "$2.again" $word | comm -12 "$scratch/applied" - >"$scratch/twice"
		[ -s "$scratch/twice" ] || continue
		echo "     '$word' of what was applied before: part" $(cat "$scratch/twice")
		return 1
	done
	check_db "$1"
}

prepare
expect 0 $? 'an undisturbed sync'
echo "     $keys keys in $of parts: $took ms"
[ $failed -eq 0 ] || finish
slow_line
expect 0 $? 'a sync over a slow line'
echo "     $took ms"
[ $took -ge $took_min ]
result $? "  takes at least $took_min ms"

db=$scratch/killed log=$scratch/log
running=0 hits='0 0 0 0 0' seen=
for i in $(seq 0 $((moments - 1))); do
	rm -rf "$db"
	: >"$log"
	sync_exec "$db" >"$log" 2>&1 &
	victim=$!
	if [ $((i % 4)) -eq 3 ]; then
		kill_in_prove "$i" $moments "$log" $victim
	else
		until_moment "$i" $moments "$log" $victim
		kill -9 $victim 2>/dev/null
	fi
	wait $victim 2>/dev/null
	[ $? -eq 137 ] && running=$((running + 1))
	hits=$(echo "$hits $(phases "$log")" |
		awk '{ for (i = 1; i <= NF / 2; i++) printf "%d ", $i + $(i + NF / 2) }')
	kept=$(parts "$log" 'done' | wc -l)
	seen="$seen $kept"
	go_on "$db" "$log"
	result $? "sync killed with $kept of $of parts applied"
done
echo "     killed while it ran: $running of $moments; applied by then:$seen"
echo "     moments with a part in" $(paste -d ' ' <(printf '%s:\n' $stages) \
	<(printf '%s,\n' $hits) | tr '\n' ' ')
[ $running -ge $((moments * 9 / 10)) ]
result $? 'nearly all moments fell inside the run'
read -r in_fetch _ in_prove _ in_commit <<<"$hits"
[ "$in_fetch" -gt 0 ] && [ "$in_commit" -gt 0 ]
result $? '  in fetch and in commit'
if [ $moments -ge 50 ]; then
	[ "$in_prove" -gt 0 ]
	result $? '  and in prove'
fi

running=0 rode=0
for i in $(seq 0 $((serve_moments - 1))); do
	rm -rf "$db"
	: >"$log"
	sync_exec "$db" --tries 20 >"$log" 2>&1 &
	victim=$!
	until_moment "$i" $serve_moments "$log" $victim
	kill -0 $victim 2>/dev/null && running=$((running + 1))
	kill -9 "$server"
	wait "$server" 2>/dev/null
	"$PENSTOCK" serve --http "127.0.0.1:$port" --store "$scratch/store" \
		2>"$scratch/serve.again" &
	server=$!
	wait $victim
	code=$?
	# The receiver rides over it, or says so and goes on when asked again.
	if [ $code -eq 0 ]; then
		rode=$((rode + 1))
		check_db "$db"
	else
		go_on "$db" "$log"
	fi
	result $? "serve killed at moment $i of $serve_moments" || {
		echo "     the first run: exit code $code"
		tail -n 3 "$log" "$scratch/serve.again"
	}
done
echo "     killed while sync ran: $running of $serve_moments; it rode over $rode"
[ $running -ge $((serve_moments * 9 / 10)) ]
result $? 'nearly all moments fell inside the run'
finish
