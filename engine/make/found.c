#include "make/found.h"

#include <errno.h>

#include "base/check.h"
#include "store/file.h"

void pen_found_fini(struct pen_found *found)
{
	if (!found)
		return;
	pen_buf_fini(&found->there);
	pen_buf_fini(&found->file);
	pen_judge_fini(&found->judge);
	*found = (struct pen_found){0};
}

/* Remember one part of each N and form that is not ours. 0, or 1 to end the list: too many. */
static int note_other(struct pen_found *found, enum pen_form form, uint32_t k, uint32_t n)
{
	for (unsigned i = 0; i < found->others_count; i++) {
		if (found->others[i].id.n == n && found->others[i].form == form)
			return 0;
	}
	if (found->others_count == PEN_FOUND_OTHERS_MAX)
		return 1;
	found->others[found->others_count++] = (struct pen_found_other){{found->root, k, n}, form};
	return 0;
}

static int note_name(void *context, const char *name, const struct pen_disk_stat *stat)
{
	struct pen_found *found = context;
	enum pen_form form;
	uint32_t k, n;
	if (pen_part_name_parse(name, &form, &k, &n))
		return 0;
	if (n != found->parts || k >= n)
		return note_other(found, form, k, n);
	if (form == PEN_FORM_NEARCORE)
		pen_found_part(found, k)->nearcore_bytes = stat->bytes;
	if (!(found->forms >> form & 1))
		return note_other(found, form, k, n);
	pen_found_part(found, k)->forms |= 1u << form;
	return 0;
}

/* Read a file of the directory and prove it to be this part of our root. */
static int prove_file(struct pen_found *found, const char *name, const struct pen_found_other *part)
{
	int err = pen_file_read(found->disk, name, PEN_PART_FILE_BYTES_MAX, &found->file, NULL);
	struct pen_bytes stored = pen_buf_bytes(&found->file);
	if (!err && pen_judge_form(stored) != part->form)
		err = PEN_EVERIFY;
	if (!err)
		err = pen_judge_part(&found->judge, &part->id, stored, NULL);
	if (err)
		return err;
	found->content_bytes = part->form == PEN_FORM_LEAN ? found->judge.rebuild.head.raw_bytes
							   : found->judge.content.len;
	found->stored_bytes = stored.len;
	return 0;
}

static int prove(struct pen_found *found, const struct pen_found_other *part, struct pen_why *why)
{
	const struct pen_part_id *id = &part->id;
	char name[PEN_NAME_BYTES], root[PEN_HASH_TEXT_BYTES];
	pen_part_path(found->labels, part->form, id, name);
	int err = prove_file(found, name, part);
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
	size_t bytes = (found->parts + 1) * sizeof(struct pen_found_part);
	int err = pen_buf_reserve(&found->there, bytes);
	if (err)
		return err;
	memset(found->there.at, 0, bytes);
	err = list_names(found, why);
	for (unsigned i = 0; i < found->others_count && !err; i++)
		err = prove(found, &found->others[i], why);
	return err;
}

int pen_found_prove(struct pen_found *found, uint64_t k, enum pen_form form, struct pen_why *why)
{
	struct pen_found_other part = {{found->root, k, found->parts}, form};
	PEN_CHECK(k < found->parts);
	if (!(pen_found_part(found, k)->forms >> form & 1))
		return 0;
	int err = prove(found, &part, why);
	return err ? err : 1;
}
