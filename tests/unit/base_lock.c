#include <criterion/criterion.h>

#include <errno.h>
#include <sys/wait.h>

#include "base/lock.h"
#include "scratch.h"

/* Another process tries; returns its result. */
static int take_elsewhere(const char *path)
{
	pid_t child = fork();
	if (child == 0) {
		struct pen_lock lock = {0};
		_exit(pen_lock_take(&lock, path, NULL) == PEN_ELOCKED ? 7 : 0);
	}
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

Test(base_lock, one_holder_who_is_named)
{
	struct scratch scratch = scratch_open();
	const char *path = scratch_at(&scratch, "lock");
	struct pen_lock lock = {0}, other = {0};
	struct pen_why why = {0};
	char pid[32];
	snprintf(pid, sizeof pid, "process %ld;", (long)getpid());
	cr_assert_eq(pen_lock_take(&lock, path, &why), 0, "%s", why.text);
	cr_assert_eq(pen_lock_take(&other, path, &why), PEN_ELOCKED);
	cr_assert_neq(strstr(why.text, pid), NULL, "%s", why.text);
	cr_assert_eq(take_elsewhere(path), 7);
	pen_lock_drop(&lock);
	cr_assert_eq(take_elsewhere(path), 0, "free again, also when its holder just ends");
	cr_assert_eq(pen_lock_take(&other, path, &why), 0, "%s", why.text);
	pen_lock_drop(&other);
	pen_lock_drop(&other);
	pen_lock_drop(NULL);
	scratch_close(&scratch);
}

Test(base_lock, refuses_what_cannot_be_locked)
{
	struct scratch scratch = scratch_open();
	struct pen_lock lock = {0};
	struct pen_why why = {0};
	cr_assert_eq(pen_lock_take(&lock, scratch_at(&scratch, "none/lock"), &why), -ENOENT);
	cr_assert_neq(strstr(why.text, "none/lock"), NULL);
	cr_assert_eq(symlink("target", scratch_at(&scratch, "link")), 0);
	cr_assert_eq(pen_lock_take(&lock, scratch_at(&scratch, "link"), &why), -ELOOP);
	cr_assert_not(lock.held);
	scratch_close(&scratch);
}
