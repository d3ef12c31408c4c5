/* Which code is to have made the key; see pins.h. */
#include "pins.h"

#include <string.h>

#include "keys/verify/encoding.h"
#include "keys/verify/input.h"

bool pins_image(struct pins *pins, struct text digits)
{
	pins->has_image = hex_read(pins->image, sizeof(pins->image),
				   input_digits(digits));
	return pins->has_image;
}

bool pins_pcr(struct pins *pins, const char *pin)
{
	const char *equals = strchr(pin, '=');
	uint64_t number;

	if (!equals ||
	    !number_read(&number, (struct text){ pin, (size_t)(equals - pin) }) ||
	    number >= PIN_PCRS || pins->has_pcr[number] ||
	    !hex_read(pins->pcr[number], PIN_PCR_LEN,
		      input_digits(text_of(equals + 1))))
		return false;
	pins->has_pcr[number] = true;
	return true;
}

bool pins_is_code(unsigned pcr)
{
	return pcr <= 2 || pcr == 16;
}

bool pins_code(const struct pins *pins)
{
	return pins->has_image || pins->has_pcr[0] ||
	       (pins->has_pcr[1] && pins->has_pcr[2]);
}

bool pins_any(const struct pins *pins)
{
	unsigned i;

	for (i = 0; i < PIN_PCRS; i++)
		if (pins->has_pcr[i])
			return true;
	return pins->has_image;
}
