#include "make/found.h"

#include <errno.h>

#include "base/check.h"
#include "store/file.h"

/* zstd's own bound for what cannot be compressed, a 256th and a little more, and the envelope. */
#define PART_FILE_BYTES_MAX (PEN_PART_BYTES_MAX + PEN_PART_BYTES_MAX / 256 + 65536)

void pen_found_fini(struct pen_found *found)
{
	if (!found)
		return;
	pen_buf_fini(&found->there);
	pen_buf_fini(&found->file);
	pen_buf_fini(&found->plain);
	pen_zstd_fini(&found->zstd);
	pen_proof_fini(&found->proof);
	*found = (struct pen_found){0};
}

/* Remember one part of each N that is not ours. 0, or 1 to end the list: too many. */
static int note_other(struct pen_found *found, uint32_t k, uint32_t n)
{
	for (unsigned i = 0; i < found->others_count; i++) {
		if (found->others[i].n == n)
			return 0;
	}
	if (found->others_count == PEN_FOUND_OTHERS_MAX)
		return 1;
	found->others[found->others_count++] = (struct pen_part_id){found->root, k, n};
	return 0;
}

static int note_name(void *context, const char *name, const struct pen_disk_stat *stat)
{
	struct pen_found *found = context;
	enum pen_form form;
	uint32_t k, n;
	(void)stat;
	if (pen_part_name_parse(name, &form, &k, &n) || form != PEN_FORM_NEARCORE)
		return 0;
	if (n != found->parts || k >= n)
		return note_other(found, k, n);
	found->there.at[k] = 1;
	return 0;
}

/* Read a file of the directory and prove it to be part k of n of our root. */
static int prove_file(struct pen_found *found, const char *name, const struct pen_part_id *id)
{
	struct pen_envelope envelope;
	int err = pen_file_read(found->disk, name, PART_FILE_BYTES_MAX, &found->file, NULL);
	if (!err)
		err = pen_envelope_open(&found->zstd, pen_buf_bytes(&found->file), false,
			&found->plain, &envelope, NULL);
	if (!err)
		err = pen_proof_check(&found->proof, id, envelope.content, NULL);
	if (err)
		return err;
	found->content_bytes = envelope.content.len;
	found->stored_bytes = found->file.len;
	return 0;
}

static int prove(struct pen_found *found, const struct pen_part_id *id, struct pen_why *why)
{
	char name[PEN_NAME_BYTES], root[PEN_HASH_TEXT_BYTES];
	pen_part_path(found->labels, PEN_FORM_NEARCORE, id, name);
	int err = prove_file(found, name, id);
	switch (pen_err_exit(err)) {
	case PEN_EXIT_OK: return 0;
	case PEN_EXIT_PROOF:
		return pen_fail(why, PEN_EREFUSED,
			"%s/%s is there and is not part %llu of %llu of root %s (%s); it is left "
			"as it is: remove it, or use other labels or another store",
			found->disk->root, name, (unsigned long long)id->k,
			(unsigned long long)id->n, pen_base58(&found->root, root),
			pen_err_text(err));
	default:
		return pen_fail(why, err, "cannot read %s/%s: %s", found->disk->root, name,
			pen_err_text(err));
	}
}

static int list_names(struct pen_found *found, struct pen_why *why)
{
	char dir[PEN_NAME_BYTES];
	pen_labels_dir(found->labels, dir);
	int err = found->disk->ops->list(found->disk, dir, note_name, found);
	if (err > 0)
		return pen_fail(why, PEN_EREFUSED,
			"%s/%s holds parts of more than %u different totals: use another store",
			found->disk->root, dir, PEN_FOUND_OTHERS_MAX);
	if (err < 0 && err != -ENOENT)
		return pen_fail(why, err, "cannot list %s/%s: %s", found->disk->root, dir,
			pen_err_text(err));
	return 0;
}

int pen_found_look(struct pen_found *found, struct pen_why *why)
{
	PEN_CHECK(found->parts <= PEN_PARTS_MAX);
	int err = pen_buf_reserve(&found->there, found->parts + 1);
	if (err)
		return err;
	memset(found->there.at, 0, found->parts + 1);
	err = list_names(found, why);
	for (unsigned i = 0; i < found->others_count && !err; i++)
		err = prove(found, &found->others[i], why);
	return err;
}

int pen_found_prove(struct pen_found *found, uint64_t k, struct pen_why *why)
{
	struct pen_part_id id = {found->root, k, found->parts};
	PEN_CHECK(k < found->parts);
	if (!pen_found_has(found, k))
		return 0;
	int err = prove(found, &id, why);
	return err ? err : 1;
}
