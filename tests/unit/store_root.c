#include <criterion/criterion.h>

#include "house.h"
#include "part/partial.h"
#include "store/root.h"

Test(store_root, every_part_tells_its_root)
{
	static const unsigned keys[] = {1, 2, 3, 17, 200}, ns[] = {1, 2, 7, 50};
	struct pen_root finder = {0};
	struct pen_why why = {0};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		struct test_state state = house_state(keys[i], 1);
		for (size_t j = 0; j < sizeof ns / sizeof ns[0]; j++)
			for (unsigned k = 0; k < ns[j]; k++) {
				struct pen_buf part = {0};
				struct pen_hash root = {0};
				test_state_part(&state, k, ns[j], &part);
				cr_assert_eq(
					pen_root_find(&finder, pen_buf_bytes(&part), &root, &why),
					0, "%s", why.text);
				cr_assert(pen_hash_equal(&root, &state.sum.root));
				pen_buf_fini(&part);
			}
		test_state_fini(&state);
	}
	pen_root_fini(&finder);
	pen_root_fini(NULL);
}

Test(store_root, hostile_parts_have_none_or_several)
{
	static const uint8_t junk[] = "junk", other[] = "other";
	struct pen_bytes rows[][2] = {{{junk, 4}, {other, 5}}, {{junk, 4}, {NULL, 0}}};
	struct pen_root finder = {0};
	struct pen_hash root;
	struct pen_why why = {0};
	for (size_t i = 0; i < 2; i++) {
		struct pen_buf part = {0};
		cr_assert_eq(pen_partial_encode(rows[i], 2, &part, &why), 0);
		cr_assert_eq(
			pen_root_find(&finder, pen_buf_bytes(&part), &root, &why), PEN_EVERIFY);
		cr_assert_neq(strstr(why.text, "2 of its 2"), NULL, "%s", why.text);
		pen_buf_fini(&part);
	}
	struct pen_buf empty = {0};
	cr_assert_eq(pen_partial_encode(rows[0], 0, &empty, &why), 0);
	cr_assert_eq(pen_root_find(&finder, pen_buf_bytes(&empty), &root, &why), PEN_EVERIFY);
	cr_assert_eq(
		pen_root_find(&finder, (struct pen_bytes){junk, 4}, &root, &why), PEN_EENVELOPE);
	pen_buf_fini(&empty);
	pen_root_fini(&finder);
}
