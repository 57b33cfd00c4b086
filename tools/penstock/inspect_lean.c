#include "inspect_lean.h"

#include <stdio.h>

#include "base/text.h"
#include "cli.h"
#include "part/judge.h"

int inspect_lean_print(struct pen_bytes stored, bool json, struct pen_why *why)
{
	struct pen_lean_head head;
	char root[PEN_HASH_TEXT_BYTES];
	int err = pen_lean_decode(stored, &head, why);
	if (err)
		return err;
	uint32_t largest = 0;
	for (uint32_t i = 0; i < head.frames; i++) {
		struct pen_lean_row row = pen_lean_row(&head, i);
		largest = row.raw_bytes > largest ? row.raw_bytes : largest;
	}
	printf(json ? "{\"form\": \"lean\", \"root\": \"%s\", \"part\": %llu, \"of\": %llu, "
		      "\"memory_usage\": %llu, \"stored_bytes\": %zu, \"head_bytes\": %u, "
		      "\"proof_nodes\": %u, \"frames\": %u, \"raw_bytes\": %llu, "
		      "\"largest_frame_bytes\": %u, \"keys\": %u, \"named_bytes\": %llu}\n"
		    : "form           lean\nroot           %s\npart           %llu of %llu\n"
		      "memory_usage   %llu\nstored         %zu bytes\nhead           %u bytes\n"
		      "proof nodes    %u\nframes         %u\nraw            %llu bytes\n"
		      "largest frame  %u bytes\nkeys           %u\nnamed values   %llu bytes\n",
		pen_base58(&head.id.root, root), (unsigned long long)head.id.k,
		(unsigned long long)head.id.n, (unsigned long long)head.memory_usage, stored.len,
		head.bytes, head.proof_nodes, head.frames, (unsigned long long)head.raw_bytes,
		largest, head.pairs, (unsigned long long)head.scratch_bytes);
	return 0;
}

int inspect_lean_raw(struct pen_bytes stored, struct pen_why *why)
{
	struct pen_lean_head head;
	struct pen_judge judge = {0};
	struct pen_bytes content;
	int err = pen_lean_decode(stored, &head, why);
	if (!err)
		err = pen_judge_part(&judge, &head.id, stored, why);
	if (!err)
		err = pen_judge_content(&judge, &content, why);
	if (!err)
		err = cli_write_bytes(content, why);
	pen_judge_fini(&judge);
	return err;
}
