#include "store/aside.h"

static bool node_there(const struct pen_store *store, const struct pen_hash *root)
{
	char name[PEN_ASIDE_NAME_BYTES];
	return pen_store_has_side(store, pen_node_name(store->prefix, root, name));
}

bool pen_aside_there(const struct pen_store *store, const struct pen_catalog_file *file)
{
	if (file->form != PEN_FORM_RAW)
		return pen_hash_is_zero(&file->root) || node_there(store, &file->root);
	return file->bytes == 0 || pen_object_paged(store, &file->root);
}

static int node_put(
	struct pen_store *store, const struct pen_vet *vet, const struct pen_catalog_file *file)
{
	char name[PEN_ASIDE_NAME_BYTES];
	struct pen_bytes node = pen_vet_root_node(vet, file);
	if (node.len == 0)
		return 0;
	return pen_writer_put(
		&store->sides, pen_node_name(store->prefix, &file->root, name), node, NULL, NULL);
}

int pen_aside_write(
	struct pen_store *store, struct pen_vet *vet, const struct pen_catalog_file *file)
{
	int err = pen_store_lock(store, NULL);
	if (err)
		return err;
	err = file->form == PEN_FORM_RAW ? pen_object_page(&vet->object, store, NULL)
					 : node_put(store, vet, file);
	pen_store_unlock(store);
	return err;
}
