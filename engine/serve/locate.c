#include "serve/locate.h"

#include "base/check.h"
#include "part/lean.h"
#include "part/raw_page.h"
#include "serve/tell.h"

static_assert(PEN_RAW_BLOCK_BYTES == PEN_WIRE_PIECE_BYTES_MAX, "a block is a piece");
static_assert(PEN_RAW_PAGES_MAX <= PEN_WIRE_BLOCKS_MAX, "pages are numbered by `block`");

static struct pen_hash root_of(const struct pen_wire_object *object)
{
	struct pen_hash root;
	memcpy(root.bytes, object->root, PEN_HASH_BYTES);
	return root;
}

/* The file of a part, as the catalog knows it. */
static const struct pen_catalog_file *part_file(
	const struct pen_catalog *catalog, const struct pen_wire_object *object)
{
	struct pen_hash root = root_of(object);
	const struct pen_catalog_set *set = pen_catalog_set(
		catalog, &root, object->n, pen_tell_form(object->form));
	return set && object->part < set->n ? pen_catalog_part(catalog, set, object->part) : NULL;
}

/* A block of 1 MiB of a file of so many bytes. */
static bool cut(uint64_t file_bytes, uint32_t index, struct pen_located *place)
{
	uint64_t offset = (uint64_t)index * PEN_WIRE_PIECE_BYTES_MAX;
	if (offset >= file_bytes)
		return false;
	uint64_t rest = file_bytes - offset;
	place->offset = offset;
	place->bytes = rest < PEN_WIRE_PIECE_BYTES_MAX ? (uint32_t)rest : PEN_WIRE_PIECE_BYTES_MAX;
	return true;
}

static bool find_piece(const struct pen_locate_room *room, const struct pen_wire_object *object,
	struct pen_located *place)
{
	const struct pen_catalog *catalog = room->listing->catalog;
	const struct pen_catalog_file *file = part_file(catalog, object);
	if (!file)
		return false;
	pen_catalog_path(catalog, file, place->name);
	place->disk = room->disk;
	place->file_bytes = file->bytes;
	place->mtime_ns = file->mtime_ns;
	place->by_head = object->form == PEN_WIRE_FORM_LEAN;
	place->buffered = place->by_head;
	if (place->by_head)
		return true;
	place->blocks = 1;
	return object->block == 0 && cut(file->bytes, object->piece, place);
}

static bool find_page(const struct pen_locate_room *room, const struct pen_wire_object *object,
	struct pen_located *place)
{
	const struct pen_catalog_file *file = part_file(room->listing->catalog, object);
	if (!file || !room->side || object->piece != 0 || file->bytes > PEN_RAW_BYTES_MAX)
		return false;
	uint32_t blocks = pen_raw_blocks(file->bytes);
	if (object->block >= pen_raw_pages(blocks))
		return false;
	struct pen_hash root = root_of(object);
	pen_pages_name(room->side_prefix, &root, place->name);
	place->disk = room->side;
	place->offset = (uint64_t)object->block * PEN_WIRE_PIECE_BYTES_MAX;
	place->bytes = pen_raw_page_bytes(blocks, object->block);
	place->blocks = pen_raw_pages(blocks);
	return true;
}

/* nearcore's state header lies beside the parts, under their labels. */
static bool find_header(const struct pen_locate_room *room, const struct pen_wire_object *object,
	struct pen_located *place)
{
	struct pen_hash root = root_of(object);
	struct pen_listing_filter filter = {.root = &root};
	if (object->part != 0 || object->piece != 0)
		return false;
	for (uint32_t i = 0; i < pen_listing_count(room->listing); i++) {
		const struct pen_listing_row *row = pen_listing_at(room->listing, i);
		if (!row->labelled || !pen_listing_passes(room->listing, row, &filter))
			continue;
		pen_labels_header(&row->labels, place->name);
		place->disk = room->disk;
		return true;
	}
	return false;
}

/* The root node of a state that is offered. */
static bool find_node(const struct pen_locate_room *room, const struct pen_wire_object *object,
	struct pen_located *place)
{
	struct pen_hash root = root_of(object);
	uint32_t count;
	if (!room->side || !pen_catalog_root(room->listing->catalog, &root, &count))
		return false;
	pen_node_name(room->side_prefix, &root, place->name);
	place->disk = room->side;
	return object->block == 0;
}

bool pen_locate(const struct pen_locate_room *room, const struct pen_wire_object *object,
	struct pen_located *place)
{
	*place = (struct pen_located){.bytes = 0};
	switch (object->kind) {
	case PEN_WIRE_KIND_PIECE: return find_piece(room, object, place);
	case PEN_WIRE_KIND_TABLE:
		return object->form == PEN_WIRE_FORM_RAW ? find_page(room, object, place)
							 : find_piece(room, object, place);
	case PEN_WIRE_KIND_HEADER: return find_header(room, object, place);
	case PEN_WIRE_KIND_ROOT: return find_node(room, object, place);
	default: return false;
	}
}

bool pen_locate_rest(
	const struct pen_wire_object *object, uint64_t file_bytes, struct pen_located *place)
{
	PEN_CHECK(!place->by_head);
	if (place->bytes)
		return place->offset + place->bytes <= file_bytes;
	uint64_t blocks = (file_bytes + PEN_WIRE_PIECE_BYTES_MAX - 1) / PEN_WIRE_PIECE_BYTES_MAX;
	if (blocks > PEN_WIRE_BLOCKS_MAX || !cut(file_bytes, object->block, place))
		return false;
	place->blocks = (uint32_t)blocks;
	return true;
}

/* A block of the stretch of `bytes` bytes from `offset` on. */
static bool cut_stretch(uint64_t offset, uint64_t bytes, uint32_t block, struct pen_located *place)
{
	if (bytes == 0 || !cut(bytes, block, place))
		return false;
	place->offset += offset;
	place->blocks = (uint32_t)((bytes + PEN_WIRE_PIECE_BYTES_MAX - 1) /
		PEN_WIRE_PIECE_BYTES_MAX);
	return place->blocks <= PEN_WIRE_BLOCKS_MAX;
}

bool pen_locate_frame(const struct pen_wire_object *object, struct pen_bytes bytes,
	uint64_t file_bytes, struct pen_located *place)
{
	struct pen_lean_head head;
	PEN_CHECK(place->by_head);
	if (pen_lean_decode(bytes, &head, NULL))
		return false;
	/* The file is as it was proved, so that this holds; but nothing may be sent beyond it. */
	if (head.bytes + head.stored_bytes > file_bytes)
		return false;
	if (object->kind == PEN_WIRE_KIND_TABLE)
		return object->piece == 0 &&
			cut_stretch((uint64_t)(head.rows.at - bytes.at), head.rows.len,
				object->block, place);
	if (object->piece == 0)
		return cut_stretch(0, head.bytes, object->block, place);
	uint64_t offset = head.bytes;
	if (object->piece > head.frames)
		return false;
	for (uint32_t i = 0; i + 1 < object->piece; i++)
		offset += pen_lean_row(&head, i).stored_bytes;
	return cut_stretch(
		offset, pen_lean_row(&head, object->piece - 1).stored_bytes, object->block, place);
}
