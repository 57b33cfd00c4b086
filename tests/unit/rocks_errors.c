#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "drivers/rocks/errors.h"

/* Sentences as RocksDB 7.8 says them, and what each stands for. */
Test(rocks_errors, every_row)
{
	static const struct {
		const char *sentence;
		int code;
	} rows[] = {
		{"IO error: No space left on device: While appending to file: /d/000004.log: No "
		 "space left on device",
			-ENOSPC},
		{"IO error: No space left on device: While fallocate offset 0", -ENOSPC},
		{"IO error: While appending to file: /d/000004.log: Disk quota exceeded", -EDQUOT},
		{"IO error: While lock file: /d/LOCK: Resource temporarily unavailable",
			PEN_ELOCKED},
		{"IO error: lock hold by current process, acquire time 1 acquiring thread 2: "
		 "/d/LOCK: No locks available",
			PEN_ELOCKED},
		{"IO error: While lock file: /d/LOCK: No locks available", PEN_ELOCKED},
		{"IO error: While open a file for random read: /d/000007.sst: Permission denied",
			-EACCES},
		{"IO error: While unlink() file: /d/LOG: Operation not permitted", -EPERM},
		{"IO error: While open a file for appending: /d/LOG: Read-only file system",
			-EROFS},
		{"Invalid argument: /d: does not exist (create_if_missing is false)", -ENOENT},
		{"IO error: No such file or directory: While opening a file for sequentially "
		 "reading: /d/CURRENT: No such file or directory",
			-ENOENT},
		{"IO error: No such file or directory: While stat", -ENOENT},
		{"IO error: While mkdir if missing: /f/d: Not a directory", -ENOTDIR},
		{"IO error: While open a file for random read: /d/000007.sst: Too many open files",
			-EMFILE},
		{"IO error: While mmap: /d/000007.sst: Cannot allocate memory", -ENOMEM},
		{"IO error: While appending to file: /d/000004.log: File too large", -EFBIG},
		{"Corruption: Error: Could not perform merge.", PEN_EVERIFY},
		{"Corruption: Unknown Footer version. Maybe this file was created with newer "
		 "version of RocksDB?",
			-EOPNOTSUPP},
		{"Corruption: block checksum mismatch: stored = 1, computed = 2, type = 1  in "
		 "/d/000007.sst offset 0 size 99",
			PEN_EVERIFY},
		{"Not implemented: Not supported operation in read only mode.", -EOPNOTSUPP},
		{"Invalid argument: Column families not opened: col6", -EINVAL},
		{"IO error: While pread offset 0 len 53: /d/000007.sst: Input/output error", -EIO},
		{"IO error: While fsync: /No space left on device/LOG: Input/output error", -EIO},
		{"Something new", -EIO},
		{"", -EIO},
	};
	for (size_t i = 0; i < PEN_COUNT(rows); i++)
		cr_assert_eq(
			pen_rocks_code(rows[i].sentence), rows[i].code, "%s", rows[i].sentence);
}

Test(rocks_errors, sentences_are_taken)
{
	struct pen_why why = {0};
	char *sentence = strdup("Corruption: bad block");
	cr_assert_eq(pen_rocks_fail(&why, "/db", "cannot read State", &sentence), PEN_EVERIFY);
	cr_assert_null(sentence);
	cr_assert_str_eq(why.text, "/db: cannot read State: Corruption: bad block");
	why = (struct pen_why){0};
	cr_assert_eq(pen_rocks_fail(&why, "/db", "cannot read State", &sentence), 0);
	cr_assert_eq(why.text[0], 0);
	sentence = strdup("IO error: While lock file: /db/LOCK: Resource temporarily unavailable");
	cr_assert_eq(pen_rocks_fail(NULL, "/db", "cannot open", &sentence), PEN_ELOCKED);
}
