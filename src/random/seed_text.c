/* seed_text.c - the words of an integer in text.
 * SPDX-License-Identifier: MIT
 */
#include <cadre/random.h>

#include <string.h>

enum {
    DIGITS_MAX = 10000,
    WORDS_MAX = DIGITS_MAX / 8 /* of hexadecimal digits; decimal ones need fewer */
};

struct number {
    size_t n;
    uint32_t words[WORDS_MAX]; /* lowest first; no zeros at the top */
};

/* The number times `base` plus `digit`. */
static void append(struct number *number, uint32_t base, uint32_t digit)
{
    uint64_t carry = digit;
    for (size_t i = 0; i < number->n; i++) {
        carry += (uint64_t)number->words[i] * base;
        number->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        number->words[number->n++] = (uint32_t)carry;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

size_t cadre_seed_parse(uint32_t *words, size_t room, const char *text)
{
    const bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *const digits = hex ? text + 2 : text;
    const size_t n_digits = strnlen(digits, DIGITS_MAX + 1);
    if (n_digits == 0 || n_digits > DIGITS_MAX)
        return 0;
    struct number number = { .n = 0 };
    const int base = hex ? 16 : 10;
    for (size_t i = 0; i < n_digits; i++) {
        const int value = digit_value(digits[i]);
        if (value >= base)
            return 0;
        append(&number, (uint32_t)base, (uint32_t)value);
    }
    if (number.n == 0)
        number.words[number.n++] = 0;
    for (size_t i = 0; i < number.n && i < room; i++)
        words[i] = number.words[i];
    return number.n;
}
