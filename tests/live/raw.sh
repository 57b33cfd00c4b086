#!/usr/bin/env bash
# Raw objects: any file, brought into a store under the root of its blocks, proved and served.
. "$(dirname "$0")/lib.sh"

store=$scratch/store
# RFC 6962: the tree of no bytes, of one block (H of a zero and the block), and of three.
head -c 2500000 /dev/urandom >"$scratch/three"
: >"$scratch/none"
printf penstock >"$scratch/one"

make() { "$PENSTOCK" make --form raw --from "file:$1" --store "$store" --json 2>"$scratch/err"; }
root_of() { sed -n 's/.*"root":"\([^"]*\)".*/\1/p'; }

for name in none one three; do
	root=$(make "$scratch/$name" | root_of)
	[ -n "$root" ]
	result $? "$name is made"
	cmp -s "$scratch/$name" "$store/raw/$root"
	result $? "$name lies in the store as it is"
	"$PENSTOCK" verify part "$store/raw/$root" >"$scratch/out" 2>&1
	expect 0 $? "verify part knows $name by its name"
	"$PENSTOCK" verify part --form raw --root "$root" "$scratch/$name" >"$scratch/out" 2>&1
	expect 0 $? "verify part proves $name by --root"
	eval "root_$name=$root"
done
expect GKot5hBsd81kMupNCXHaqbhv3huEbxAFMLnpcX2hniwn "$root_none" 'the root of no bytes is H("")'
if command -v python3 >"$scratch/which"; then
	wanted=$(python3 - "$scratch/three" <<'P'
import hashlib, sys
h = lambda *x: hashlib.sha256(b"".join(x)).digest()
d = open(sys.argv[1], "rb").read()
l = [h(b"\0", d[i:i + 2**20]) for i in range(0, len(d), 2**20)]
n = int.from_bytes(h(b"\1", h(b"\1", l[0], l[1]), l[2]), "big")
s = ""
while n:
    n, r = divmod(n, 58)
    s = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[r] + s
print(s)
P
	)
	expect "$wanted" "$root_three" 'the root of three blocks, by another hand'
else
	skip 'no python3 to compute a root by another hand'
fi

"$PENSTOCK" inspect part "$store/raw/$root_three" >"$scratch/out"
grep -q '^blocks *3 ' "$scratch/out"
result $? 'inspect part counts blocks'
expect 1 "$(make "$scratch/one" | grep -c "$root_one")" 'the same file again is the same object'
"$PENSTOCK" verify store "$store" >"$scratch/out" 2>&1
expect 0 $? 'verify store proves raw objects'

printf x | dd of="$store/raw/$root_three" bs=1 seek=1048576 conv=notrunc 2>"$scratch/err"
"$PENSTOCK" verify part "$store/raw/$root_three" >"$scratch/out" 2>&1
expect 4 $? 'one wrong byte is no proof'
"$PENSTOCK" verify store "$store" >"$scratch/out" 2>&1
expect 4 $? 'nor for verify store'
grep -q "raw/$root_three" "$scratch/out"
result $? 'which names it'

for flags in "--from file:$scratch/one --form lean" "--form raw --from hex:$scratch/one" \
	"--form raw --from file:" "--form raw --from file:$scratch/one --of 3"; do
	# shellcheck disable=SC2086
	"$PENSTOCK" make $flags --store "$store" >"$scratch/out" 2>&1
	expect 2 $? "refused: $flags"
done
"$PENSTOCK" make --form raw --from "file:$scratch/gone" --store "$store" >"$scratch/out" 2>&1
expect 9 $? 'a file that is not there'
"$PENSTOCK" make --form raw --from "file:$scratch" --store "$store" >"$scratch/out" 2>&1
expect 9 $? 'a directory'
"$PENSTOCK" verify part --form raw "$scratch/one" >"$scratch/out" 2>&1
expect 2 $? 'a file of any name needs --root'

command -v curl >"$scratch/which" || { skip 'no curl'; finish; }
start_serve "$store" || { skip 'no HTTP front'; finish; }
curl -s --max-time 20 "$url/raw/$root_one" | cmp -s - "$scratch/one"
result $? 'the HTTP front serves it by its name'
finish
