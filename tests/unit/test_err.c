/* Every error has a status and a sentence. */
#include <ctype.h>
#include <string.h>

#include "fcgi/err.h"
#include "tests/unit/tap.h"

static void every_error_has_a_status(void)
{
	int err;

	CHECK(err_status(OYSTER_OK) == 200);
	for (err = OYSTER_OK + 1; err < OYSTER_ERR_MAX; err++)
		CHECK_ROW(err_status((enum oyster_err)err) >= 400 &&
			  err_status((enum oyster_err)err) <= 599,
			  err_text((enum oyster_err)err));
}

static void every_error_has_a_sentence(void)
{
	int err;

	for (err = OYSTER_OK; err < OYSTER_ERR_MAX; err++) {
		const char *text = err_text((enum oyster_err)err);

		CHECK(text && *text);
		if (!text || !*text)
			continue;
		CHECK_ROW(!isupper((unsigned char)text[0]), text);
		CHECK_ROW(text[strlen(text) - 1] != '.', text);
		CHECK_ROW(!isspace((unsigned char)text[strlen(text) - 1]), text);
		CHECK_ROW(!strchr(text, '\n'), text);
	}
}

static void no_two_errors_of_one_status_say_the_same(void)
{
	int a, b;

	for (a = OYSTER_OK; a < OYSTER_ERR_MAX; a++)
		for (b = a + 1; b < OYSTER_ERR_MAX; b++)
			CHECK_ROW(err_status((enum oyster_err)a) != err_status((enum oyster_err)b) ||
				  strcmp(err_text((enum oyster_err)a), err_text((enum oyster_err)b)),
				  err_text((enum oyster_err)a));
}

static void statuses_are_those_of_the_table(void)
{
	int err;

	CHECK(err_status(OYSTER_EPATH) == 404);
	CHECK(err_status(OYSTER_EMETHOD) == 405);
	CHECK(err_status(OYSTER_ETOOBIG) == 413);
	CHECK(err_status(OYSTER_EBUSY) == 503);
	CHECK(err_status(OYSTER_ETIMEOUT) == 504);
	CHECK(err_status(OYSTER_ENOMEM) == 500);
	CHECK(err_status(OYSTER_ESIGN) == 500);
	CHECK(err_status(OYSTER_ENOMODEL) == 503);
	CHECK(err_status(OYSTER_ENOSIGNER) == 503);
	for (err = OYSTER_EEMPTY; err <= OYSTER_ERUNNER; err++)
		CHECK(err_status((enum oyster_err)err) == 400);
	CHECK(err_status(OYSTER_ECONNECT) == 502);
	CHECK(err_status(OYSTER_ECUT) == 502);
	for (err = OYSTER_EREPLYSIZE; err <= OYSTER_EREPLYREMOTE; err++)
		CHECK(err_status((enum oyster_err)err) == 502);
}

int main(void)
{
	RUN(every_error_has_a_status);
	RUN(every_error_has_a_sentence);
	RUN(no_two_errors_of_one_status_say_the_same);
	RUN(statuses_are_those_of_the_table);
	return DONE();
}
