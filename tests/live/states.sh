#!/usr/bin/env bash
# The commands about states, parts and headers, against numbers that others published: the profile's
# digests, the genesis state, the parts that nearcore cut, its words for a wrong part. With PEN_LONG
# the profile's million keys, too.
. "$(dirname "$0")/lib.sh"

command -v zstdcat >"$scratch/found" || { echo 'skip no zstd to unpack golden states'; exit 77; }
labels='--chain test --epoch-height 1 --epoch-id 11111111111111111111111111111111 --shard 7'
cd "$scratch" || exit 1
prints() {
	grep -qE "$1" out
	expect 0 $? "  prints '$1'"
}
run() {
	timeout 300 "$PENSTOCK" "$@" >out 2>log </dev/null
}
says() {
	grep -qE -- "$1" "${2:-log}"
	result $? "  says '$1'" || tail -n 3 out log
}

# profile KEYS SHA256 [ROOT MEMORY_USAGE PARTS]
profile() {
	run generate --profile mainnet --keys "$1" --seed 1 --out profile.kv
	expect 0 $? "the profile of $1 keys"
	expect "$2" "$(sha256sum <profile.kv | cut -d ' ' -f 1)" '  has the published digest'
	[ $# -eq 5 ] || return 0
	run inspect state kv:profile.kv
	for word in "$1" "$3" "$4" "$5"; do says "  $word\$" out; done
}
profile 1000 c01a19cea0005cf6f8ae18641e993340cbcb916eb9ddf0ef57834952a916b984
profile 100000 f519d24a7f8231ec28675f6a02fb370c7e553e3ba00d686ddb5cca5f1ab9313f \
	2uttC4Q3ajQr9NRWT8Qhe7B7kenvtaNfc36sVfmYXQcR 40866505 2
[ -z "${PEN_LONG:-}" ] ||
	profile 1000000 2672856ff7792a498b492d1e0352ae571835b489d86bc97a80a1ee31478bbef6 \
		HtGiAzZY3DZQscEQNdVr4YbLbh2bWuQ4RkAq1pXwckpz 392438026 13
if [ "${PEN_SANITIZE:-none}" = none ]; then
	(ulimit -v 100000 && run generate --profile mainnet --keys 300000 --seed 1 --out profile.kv)
	expect 0 $? '300,000 keys in 100 MB of address space'
fi

run inspect state "hex:$near/mainnet-genesis.hex"
expect 0 $? 'the genesis state'
for word in 64 $genesis_root 238135 1; do says "  $word\$" out; done
run make --from "hex:$near/mainnet-genesis.hex" --store made $labels
expect 0 $? '  is made into as many parts as nearcore would'
[ -f made/chain_id=test/epoch_height=1/epoch_id=*/shard_id=7/state_part_000000_of_000001 ]
result $? '  one'

# Parts of ours are those of nearcore; STATE PARTS
while read -r name of; do
	zstdcat "$near/golden/$name.kv.zst" >"$name.kv"
	run make --from "kv:$name.kv" --store "$name" $labels --of "$of" --form nearcore
	expect 0 $? "$name is made into $of parts"
	same=0
	for part in "$near/golden/$name/"*; do
		"$PENSTOCK" inspect part --raw "$part" >theirs
		"$PENSTOCK" inspect part --raw "$name"/chain_id=*/*/*/*/"${part##*/}" >ours
		[ -s theirs ] && cmp theirs ours && same=$((same + 1))
	done
	expect "$of" "$same" '  all equal to the parts of nearcore'
done <<'END'
small 7
edges 6
END

# States that are none; NAME WHAT_IT_SAYS BYTES
while IFS='|' read -r name words bytes; do
	printf "$bytes" >"bad.${name%% *}"
	run inspect state "${name%% *}:bad.${name%% *}"
	expect 4 $? "a ${name#* }"
	says "$words"
done <<'END'
hex repeated key|record 2 .*there twice|01 00\n01 02\n
hex key out of order|record 3 .*smaller|01 00\n03 01\n02 02\n
hex odd number of digits|record 2 .*odd number|01 00\n012 02\n
hex letter that is no digit|record 1 |0g 00\n
hex line without a value|record 1 .*value is missing|00\n
kv short head|record 2 .*short|\1\0\0\0\1\0\0\0ab\1\0
kv short value|record 1 .*short|\1\0\0\0\5\0\0\0abc
kv key that is too long|record 1 |\1\20\0\0\0\0\0\0
kv value that is too long|record 1 |\1\0\0\0\1\0\100\0a
END

# Bounds without a trie: nearcore's own example, and the numbers of a real state.
printf '6166746572 01\n616c6c6579 02\n6265727279 03\n6272617665 04\n' >four.hex
run inspect bounds hex:four.hex --of 10
expect 0 $? 'bounds of four keys in ten parts'
after=6166746572 alley=616c6c6579 berry=6265727279 brave=6272617665 k=0
for key in - $after $after $after $after $alley $alley $berry $berry $brave; do
	prints "^part $k +$key\$"
	k=$((k + 1))
done
prints '^memory_usage +690$'
run inspect bounds kv:small.kv
expect 0 $? 'bounds of a golden state'
prints '^keys +6605$'
run inspect bounds hex:four.hex --of 691
expect 2 $? 'more parts than memory_usage'
: >none.hex
run inspect bounds hex:none.hex --json
expect 0 $? 'bounds of the empty state'
prints '"parts":0,"bounds":\[\]'

# Parts by the words of nearcore; the fourth of seven, and what else it is not.
golden=$near/golden/small
part=$golden/state_part_000003_of_000007
for k in 0 3 6; do
	run verify part "$golden/state_part_00000${k}_of_000007" --root $small_root --part $k --of 7
	expect 0 $? "part $k of 7"
done
root_hex=$("$PENSTOCK" inspect state kv:small.kv | sed -n 's/^root (hex) *//p')
run verify part "$part" --root "$root_hex" --part 3 --of 7
expect 0 $? '  with the root in hex'
run verify part "$part" --root $small_root --part 4 --of 7
expect 4 $? 'under another number'
says 'MissingTrieValue [1-9A-HJ-NP-Za-km-z]{43,44}'
run verify part "$part" --root $small_root --part 3 --of 8
expect 4 $? 'of another total'
run verify part "$part" --root $genesis_root --part 3 --of 7
expect 4 $? 'of another state'
says "MissingTrieValue $genesis_root"
run verify part "$golden/state_part_000000_of_000007" --root $small_root --part 0 --of 7 --bare
expect 4 $? 'in an envelope, though --bare was given'
"$PENSTOCK" inspect part --raw "$part" >bare
run verify part bare --root $small_root --part 3 --of 7 --bare
expect 0 $? 'the bare form'
run verify part bare --root $small_root --part 3 --of 7
expect 4 $? '  only with --bare'
head -c -1 "$part" >short
run verify part short --root $small_root --part 3 --of 7
expect 4 $? 'one byte short'
(cat "$part"; printf x) >long
run verify part long --root $small_root --part 3 --of 7
expect 4 $? 'one byte long'
# An entry more than there should be, behind the last one, and the count raised.
count=$(($(od -An -tu4 -j1 -N4 bare) + 1))
{
	printf "$(printf '\\x%02x' 0 $((count & 255)) $((count >> 8 & 255)) 0 0)"
	tail -c +6 bare
	printf '\1\0\0\0x'
} >more
run verify part more --root $small_root --part 3 --of 7 --bare
expect 4 $? 'an entry too many'
says UnexpectedTrieValue

run inspect part "$part"
expect 0 $? 'a part can be looked into'
says '^entries +228$' out

# A header: tag, what is before the root, the root, what is behind it, root node, memory_usage. The
# node is the root of a trie of one key: its leaf is all that the state has.
printf '01 02\n' >one.hex
run make --from hex:one.hex --store one $labels
"$PENSTOCK" inspect part --raw one/chain_id=*/*/*/*/state_part_000000_of_000001 >one.raw
run inspect state hex:one.hex
root=$(sed -n 's/^root   *//p' out) usage=$(sed -n 's/^memory_usage  *//p' out)
hex=$(sed -n 's/^root (hex)  *//p' out)
for at in $(seq 9 $(($(stat -c %s one.raw) - 1))); do
	for len in $(seq 40 60); do
		tail -c +$((at + 1)) one.raw | head -c "$len" >node
		[ "$(sha256sum <node | cut -d ' ' -f 1)" = "$hex" ] && break 2
	done
done
header() {
	printf '\1'
	head -c 67 /dev/zero
	printf "$(sed 's/../\\x&/g' <<<"$hex")"
	head -c 50 /dev/zero
	printf "\\x$(printf %02x "$(stat -c %s node)")\0\0\0"
	cat node
	printf "\\x$(printf %02x "$1")\0\0\0\0\0\0\0"
}
header "$usage" >header
run inspect header header
expect 0 $? 'a state header'
for word in "$root" "$usage"; do says "  $word\$" out; done
says 'Not checked'
run inspect header header --root "$root"
expect 0 $? '  of the root that was asked for'
run inspect header header --root $small_root
expect 4 $? '  is not of another'
header $((usage + 1)) >header
run inspect header header
expect 4 $? 'a header whose memory_usage is not the root node'"'"'s'
for file in "$part" bare; do
	run inspect header "$file"
	expect 4 $? "no header: ${file##*/}"
done
finish
