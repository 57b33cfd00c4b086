#include "store/vet.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "part/header.h"
#include "store/file.h"
#include "store/layout.h"

void pen_vet_fini(struct pen_vet *vet)
{
	if (!vet)
		return;
	pen_buf_fini(&vet->stored);
	pen_buf_fini(&vet->head);
	pen_root_fini(&vet->finder);
	pen_judge_fini(&vet->judge);
	pen_object_fini(&vet->object);
}

/* Bytes of content for one entry, as little as parts of a state like mainnet's have. */
#define ENTRY_CONTENT_BYTES 72u
/* What an entry takes beside its bytes, in the proof and in the search for the root: its place, its
 * digest, its record, its key in the table and the table's slots at their sparsest. */
#define ENTRY_BYTES (2u * (16u + 32u + 24u + 32u + 16u))
/* The decompressor's window for an ordinary part, enough for level 19, and its own memory. */
#define WINDOW_LOG 23u
#define ZSTD_BYTES ((uint64_t)1 << 19)

static size_t stored_max(size_t content_bytes)
{
	return content_bytes + content_bytes / 128 + ((size_t)2 << 20);
}

static uint32_t entries_max(size_t content_bytes)
{
	size_t count = content_bytes / ENTRY_CONTENT_BYTES;
	return count < PEN_PART_ENTRIES_MAX ? (uint32_t)count : PEN_PART_ENTRIES_MAX;
}

void pen_vet_limit(struct pen_vet *vet, size_t content_bytes)
{
	PEN_CHECK(content_bytes >= PEN_VET_CONTENT_MIN);
	PEN_CHECK(content_bytes <= PEN_PART_BYTES_MAX);
	vet->judge.bytes_max = content_bytes;
	vet->judge.entries_max = entries_max(content_bytes);
	vet->judge.zstd.window_log = WINDOW_LOG;
}

uint64_t pen_vet_bytes(size_t content_bytes)
{
	/* Content of a part in nearcore form, and one byte, so that more is seen; or what a lean
	 * part is rebuilt in, twice as much. */
	return stored_max(content_bytes) + 2 * (uint64_t)content_bytes + 1 +
		((uint64_t)1 << WINDOW_LOG) + ZSTD_BYTES +
		(uint64_t)entries_max(content_bytes) * ENTRY_BYTES;
}

static int file_load(struct pen_vet *vet, const struct pen_vet_ask *ask,
	struct pen_catalog_file *file, struct pen_why *why)
{
	struct pen_disk_stat stat = {0};
	size_t limit = vet->judge.bytes_max ? stored_max(vet->judge.bytes_max)
					    : PEN_PART_FILE_BYTES_MAX;
	int err = pen_file_read(ask->disk, ask->name, limit, &vet->stored, &stat);
	file->bytes = stat.bytes;
	file->mtime_ns = stat.mtime_ns;
	if (err == PEN_EINPUT && stat.bytes <= PEN_PART_FILE_BYTES_MAX)
		return pen_fail(why, PEN_ELARGE, "it has %" PRIu64 " bytes", stat.bytes);
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

/* A state is not cut into any number of parts. */
static int parts_check(const struct pen_catalog_file *file, struct pen_why *why)
{
	if (file->n <= pen_part_count_max(file->memory_usage))
		return 0;
	return pen_fail(why, PEN_EREFUSED,
		"a state of memory_usage %" PRIu64 " is cut into at most %" PRIu64
		" parts, not %" PRIu32,
		file->memory_usage, pen_part_count_max(file->memory_usage), file->n);
}

static int prove(struct pen_vet *vet, const struct pen_hash *root, struct pen_catalog_file *file,
	struct pen_why *why)
{
	const struct pen_part_id id = {*root, file->k, file->n};
	int err = pen_proof_check(&vet->judge.proof, &id, vet->judge.content, why);
	if (err)
		return err;
	file->root = *root;
	if (usage_read(&vet->judge.proof, file))
		return pen_fail(why, PEN_EVERIFY, "it holds no root node");
	return parts_check(file, why);
}

static int nearcore_vet(struct pen_vet *vet, const struct pen_vet_ask *ask,
	struct pen_catalog_file *file, struct pen_why *why)
{
	struct pen_hash root;
	struct pen_bytes stored = pen_buf_bytes(&vet->stored);
	const struct pen_part_id none = {0};
	if (pen_judge_form(stored) != PEN_FORM_NEARCORE)
		return pen_fail(why, PEN_EENVELOPE, "it is in lean form, and its name is not");
	int err = pen_judge_open(&vet->judge, &none, stored, why);
	if (err)
		return err;
	err = ask->hint ? prove(vet, ask->hint, file, why) : PEN_EVERIFY;
	if (err && !ask->only_hint && pen_vet_refuses(err)) {
		err = pen_root_find(&vet->finder, vet->judge.content, &root, why);
		if (!err)
			err = prove(vet, &root, file, why);
	}
	if (!err)
		pen_blob_id(stored, file->blob);
	return err;
}

static int lean_vet(struct pen_vet *vet, const struct pen_vet_ask *ask,
	struct pen_catalog_file *file, struct pen_why *why)
{
	struct pen_bytes stored = pen_buf_bytes(&vet->stored);
	struct pen_lean_head head;
	int err = pen_lean_decode(stored, &head, why);
	if (err)
		return err;
	const struct pen_part_id id = {
		ask->only_hint && ask->hint ? *ask->hint : head.id.root, file->k, file->n};
	vet->judge.brief = true;
	/* What the head promises is not believed before the limits are. */
	file->root = id.root;
	file->memory_usage = head.memory_usage;
	err = parts_check(file, why);
	if (!err)
		err = pen_judge_part(&vet->judge, &id, stored, why);
	return err ? err : pen_catalog_lean(stored, &vet->head, file);
}

static int raw_vet(struct pen_vet *vet, const struct pen_vet_ask *ask,
	struct pen_catalog_file *file, struct pen_why *why)
{
	struct pen_object *object = &vet->object;
	char is[PEN_HASH_TEXT_BYTES];
	int err = pen_object_read(object, ask->disk, ask->name, why);
	file->bytes = object->bytes;
	file->mtime_ns = object->mtime_ns;
	if (err)
		return err;
	if (!pen_hash_equal(&object->root, &file->root))
		return pen_fail(why, PEN_EVERIFY, "it is raw object %s, not what its name says",
			pen_base58(&object->root, is));
	file->memory_usage = object->bytes;
	memcpy(file->blob, object->root.bytes, PEN_BLOB_BYTES);
	return 0;
}

int pen_vet_file(struct pen_vet *vet, const struct pen_vet_ask *ask, struct pen_catalog_file *file,
	struct pen_why *why)
{
	if (file->form == PEN_FORM_RAW)
		return raw_vet(vet, ask, file, why);
	int err = file_load(vet, ask, file, why);
	if (err)
		return err;
	if (file->n > PEN_PARTS_MAX || file->k >= file->n)
		return pen_fail(why, PEN_EREFUSED, "there is no part %" PRIu32 " of %" PRIu32,
			file->k, file->n);
	return file->form == PEN_FORM_LEAN ? lean_vet(vet, ask, file, why)
					   : nearcore_vet(vet, ask, file, why);
}

struct pen_bytes pen_vet_root_node(const struct pen_vet *vet, const struct pen_catalog_file *file)
{
	struct pen_bytes node = {NULL, 0};
	struct pen_lean_head head;
	struct pen_hash hash;
	if (file->form == PEN_FORM_NEARCORE) {
		uint32_t index = pen_entries_find(&vet->judge.proof.entries, &file->root);
		if (index == PEN_ENTRY_NONE)
			return node;
		const struct pen_entry *entry = pen_entries_at(&vet->judge.proof.entries, index);
		return (struct pen_bytes){entry->at, entry->len};
	}
	/* The search for a bound, and the walk, both begin at the root. */
	if (file->form == PEN_FORM_LEAN &&
		pen_lean_decode(pen_buf_bytes(&vet->stored), &head, NULL) == 0) {
		struct pen_bytes left = head.proof;
		node = pen_lean_node(&left);
		pen_sha256(node, &hash);
		if (!pen_hash_equal(&hash, &file->root))
			node = (struct pen_bytes){NULL, 0};
	}
	return node;
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
