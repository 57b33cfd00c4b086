# count: single results out of a text log of "meson test". A Criterion program counts by its
# Synthesis line, any other by its last "N passed, N failed[, N skipped]", else as one result.
# Prints a line a failed or skipped program, then "total PASSED FAILED SKIPPED".

function close_test() {
	if (name == "") return
	good = result == "exit status 0"
	if (result == "exit status 77") {
		print "skip " name ": " last
		skipped++
	} else {
		if (!rows) p = good
		if ((!good || report != "") && !f) f = 1
		passed += p; failed += f; skipped += s
		if (s) print "skip " name ": " s " of its rows" (reason == "" ? "" : ": " reason)
		if (f) {
			print "FAIL " name " (" result ")" (report == "" ? "" : ": " report)
			for (i = lines > 40 ? lines - 40 : 0; i < lines; i++) print "     " said[i]
		}
	}
	name = ""
}

/^=+ +[0-9]+\/[0-9]+ =+$/ { close_test(); p = f = s = rows = lines = 0; report = last = reason = "" }
/^test: / { name = $NF; next }
/^result: / { sub(/^result: +/, ""); result = $0; next }
/^(start time|duration|command): / || /^-+ std(out|err) -+$/ || /^=+$/ { next }
/^(Ok: +[0-9]+ *|Summary of Failures:)$/ { close_test() }
name == "" { next }
{
	said[lines++] = $0
	if ($0 != "") last = $0
}
/Sanitizer|runtime error/ && report == "" { report = $0 }
/^skip / { reason = $0; sub(/^skip +/, "", reason) }
/Synthesis: Tested: / {
	line = $0; gsub(/[^0-9 ]/, "", line); split(line, n, / +/)
	k = n[1] == "" ? 2 : 1
	p = n[k + 1]; f = n[k + 2] + n[k + 3]; rows = 1
}
/^[0-9]+ passed, [0-9]+ failed/ {
	line = $0; gsub(/[^0-9 ]/, "", line); split(line, n, / +/)
	p = n[1]; f = n[2]; s = n[3] + 0; rows = 1
}
END { close_test(); printf "total %d %d %d\n", passed, failed, skipped }
