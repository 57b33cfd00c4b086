/* penstock inspect: what something holds, without trusting it. */
#include "cli.h"

static const struct cli_verb nouns[] = {
	{"header", "state root, memory_usage and parts of a nearcore state header", inspect_header},
	{"part", "counts, sizes and kinds of a part, or its raw PartialState", inspect_part},
	{"bounds", "where the parts of a state begin, found without hashing", inspect_bounds},
	{"state", "keys, root, memory_usage and number of parts of a whole state", inspect_state},
	{0},
};

int cmd_inspect(int argc, char **argv)
{
	return cli_noun("inspect", nouns, argc, argv);
}
