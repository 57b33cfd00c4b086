#include "store/vet.h"

#include <inttypes.h>
#include <string.h>

#include "part/header.h"
#include "store/file.h"
#include "store/layout.h"

/* What a part file may have: the largest content, and what zstd adds when it cannot compress. */
#define PART_FILE_BYTES_MAX (PEN_PART_BYTES_MAX + (PEN_PART_BYTES_MAX >> 7))

void pen_vet_fini(struct pen_vet *vet)
{
	if (!vet)
		return;
	pen_zstd_fini(&vet->zstd);
	pen_buf_fini(&vet->stored);
	pen_buf_fini(&vet->plain);
	pen_root_fini(&vet->finder);
	pen_proof_fini(&vet->proof);
}

static int file_load(struct pen_vet *vet, const struct pen_vet_ask *ask,
	struct pen_catalog_file *file, struct pen_why *why)
{
	struct pen_disk_stat stat = {0};
	int err = pen_file_read(ask->disk, ask->name, PART_FILE_BYTES_MAX, &vet->stored, &stat);
	file->bytes = stat.bytes;
	file->mtime_ns = stat.mtime_ns;
	if (err == PEN_EINPUT)
		return pen_fail(
			why, err, "no part can be as large as %" PRIu64 " bytes", stat.bytes);
	return err ? pen_fail(why, err, "cannot be read: %s", pen_err_text(err)) : 0;
}

/* The memory_usage that the root node among the proved entries carries. */
static int usage_read(const struct pen_proof *proof, struct pen_catalog_file *file)
{
	struct pen_node node;
	uint32_t index = pen_entries_find(&proof->entries, &file->root);
	if (index == PEN_ENTRY_NONE)
		return PEN_EVERIFY;
	const struct pen_entry *entry = pen_entries_at(&proof->entries, index);
	int err = pen_node_decode((struct pen_bytes){entry->at, entry->len}, &node);
	file->memory_usage = err ? 0 : node.memory_usage;
	return err;
}

static int prove(struct pen_vet *vet, struct pen_bytes content, const struct pen_hash *root,
	struct pen_catalog_file *file, struct pen_why *why)
{
	const struct pen_part_id id = {*root, file->k, file->n};
	int err = pen_proof_check(&vet->proof, &id, content, why);
	if (err)
		return err;
	file->root = *root;
	if (usage_read(&vet->proof, file))
		return pen_fail(why, PEN_EVERIFY, "it holds no root node");
	if (file->n > pen_part_count_max(file->memory_usage))
		return pen_fail(why, PEN_EREFUSED,
			"a state of memory_usage %" PRIu64 " is cut into at most %" PRIu64
			" parts, not %" PRIu32,
			file->memory_usage, pen_part_count_max(file->memory_usage), file->n);
	return 0;
}

static int content_vet(struct pen_vet *vet, const struct pen_vet_ask *ask, struct pen_bytes content,
	struct pen_catalog_file *file, struct pen_why *why)
{
	struct pen_hash root;
	int err = ask->hint ? prove(vet, content, ask->hint, file, why) : PEN_EVERIFY;
	if (err == 0 || ask->only_hint || !pen_vet_refuses(err))
		return err;
	err = pen_root_find(&vet->finder, content, &root, why);
	return err ? err : prove(vet, content, &root, file, why);
}

int pen_vet_file(struct pen_vet *vet, const struct pen_vet_ask *ask, struct pen_catalog_file *file,
	struct pen_why *why)
{
	struct pen_envelope envelope;
	int err = file_load(vet, ask, file, why);
	if (err)
		return err;
	if (file->n > PEN_PARTS_MAX || file->k >= file->n)
		return pen_fail(why, PEN_EREFUSED, "there is no part %" PRIu32 " of %" PRIu32,
			file->k, file->n);
	err = pen_envelope_open(
		&vet->zstd, pen_buf_bytes(&vet->stored), false, &vet->plain, &envelope, why);
	if (err)
		return err;
	err = content_vet(vet, ask, envelope.content, file, why);
	if (!err)
		pen_blob_id(pen_buf_bytes(&vet->stored), file->blob);
	return err;
}

bool pen_vet_header(
	struct pen_vet *vet, struct pen_disk *disk, const char *dir, struct pen_hash *root)
{
	struct pen_labels labels;
	struct pen_header header;
	char name[PEN_NAME_BYTES];
	if (pen_labels_parse(dir, &labels))
		return false;
	pen_labels_header(&labels, name);
	if (pen_file_read(disk, name, PEN_HEADER_BYTES_MAX, &vet->stored, NULL) ||
		pen_header_decode(pen_buf_bytes(&vet->stored), NULL, &header, NULL))
		return false;
	*root = header.root;
	return true;
}
