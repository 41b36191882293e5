/* test_plot_text.c - names of any length and script, and sheets.
 * SPDX-License-Identifier: MIT
 */
#include "plot_case.h"
#include "plot/pen.h"
#include "plot/sheet.h"

#include <errno.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- names ---- */

static const struct cdr_style name_style = { 12, CDR_INK, false };

static void check_names(const char *const *names, size_t n, double width)
{
    cairo_t *cr = cdr_open_sheet(10, 10);
    char **shown = calloc(n, sizeof *shown);

    assert_true(cdr_pen_fit_names(cr, &name_style, names, n, width, shown));
    for (size_t i = 0; i < n; i++) {
        assert_true(cdr_pen_width(cr, &name_style, shown[i]) <= width);
        for (size_t k = 0; k < i; k++)
            assert_int_equal(strcmp(shown[i], shown[k]) == 0,
                             strcmp(names[i], names[k]) == 0);
    }
    for (size_t i = 0; i < n; i++)
        free(shown[i]);
    free(shown);
    cairo_destroy(cr);
}

static void test_names_stay_different(void **state)
{
#define LONG "experiment_of_november_on_the_large_data_set_"
#define END  "_calibrated_on_the_held_out_part_probability"
    static const char *const one_place[] = { LONG "a" END, LONG "b" END,
                                             LONG "resnet50" END, LONG "a" END };
    static const char *const two_places[] = { "a" LONG "1" END, "a" LONG "2" END,
                                              "b" LONG "1" END, "b" LONG "2" END };
    static const char *const inside[] = { LONG "a" LONG "x" LONG "p" END,
                                          LONG "a" LONG "y" LONG "p" END,
                                          LONG "b" LONG "x" LONG "p" END,
                                          LONG "b" LONG "y" LONG "q" END,
                                          LONG "a" LONG "x" LONG "q" END };
    static const char *const lengths[] = { LONG LONG, LONG LONG "_", LONG LONG LONG,
                                           "short", "" };
    char many[300][160];
    const char *list[300];

    (void)state;
    check_names(one_place, 4, 150);
    check_names(two_places, 4, 150);
    check_names(inside, 5, 150);
    check_names(lengths, 5, 150);
    for (size_t i = 0; i < 300; i++) {
        snprintf(many[i], sizeof many[i], LONG "%zu_x_%zu_x_%zu" END, i % 7, i % 10,
                 i / 70);
        list[i] = many[i];
    }
    check_names(list, 300, 150);
}

/* Letters and their accents, and an emoji of several code points, stay whole. */
static void test_names_keep_characters_whole(void **state)
{
    static const char family[] = "\U0001f469\u200d\U0001f467"
                                 "\U0001f469\u200d\U0001f467";
    static const char accents[] = "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301";
    cairo_t *cr = cdr_open_sheet(10, 10);

    (void)state;
    for (double width = 10; width < 60; width += 3) {
        char *shown = cdr_pen_fit(cr, &name_style, accents, width);
        size_t letters = 0, marks = 0;

        assert_non_null(shown);
        for (const char *c = shown; *c; c++) {
            letters += *c == 'e';
            marks += (unsigned char)*c == 0xcc;
        }
        assert_int_equal(letters, marks);
        free(shown);
        shown = cdr_pen_fit(cr, &name_style, family, width);
        assert_null(strstr(shown, "\u200d\u2026"));
        assert_null(strstr(shown, "\u2026\u200d"));
        free(shown);
    }
    cairo_destroy(cr);
}

static void test_text_of_all_kinds(void **state)
{
    cairo_t *cr = cdr_open_sheet(400, 40);
    double joined, apart;
    char *shown;

    (void)state;
    /* Arabic letters join: two of them are not as wide as one and one. */
    joined = cdr_pen_width(cr, &name_style, "\u0644\u0627");
    apart = cdr_pen_width(cr, &name_style, "\u0644") +
            cdr_pen_width(cr, &name_style, "\u0627");
    assert_true(fabs(joined - apart) > 0.5);
    /* A combining mark has no width of its own. */
    assert_true(fabs(cdr_pen_width(cr, &name_style, "e\u0301") -
                     cdr_pen_width(cr, &name_style, "e")) < 0.5);
    /* What is not UTF-8 is drawn, and so is what no font has, but that is counted. */
    cdr_pen_text(cr, 10, 20, CDR_LEFT, &name_style, "\xff\xfe");
    assert_int_equal(cdr_pen_missing(cr), 0);
    cdr_pen_text(cr, 10, 20, CDR_LEFT, &name_style, "a\U000f1234");
    assert_int_equal(cdr_pen_missing(cr), 1);
    shown = cdr_pen_fit(cr, &name_style, "\xff", 100);
    assert_string_equal(shown, "\ufffd");
    free(shown);
    assert_int_equal(cairo_status(cr), CAIRO_STATUS_SUCCESS);
    cairo_destroy(cr);
}

static bool have_family(const char *name)
{
    PangoFontFamily **families;
    bool found = false;
    int n;

    pango_font_map_list_families(pango_cairo_font_map_get_default(), &families, &n);
    for (int i = 0; i < n; i++)
        found = found || strcmp(pango_font_family_get_name(families[i]), name) == 0;
    g_free(families);
    return found;
}

/* With the fonts that the manual names, nothing is a box. */
static void test_fonts(void **state)
{
    cairo_t *cr;

    (void)state;
    if (!have_family("DejaVu Sans") || !have_family("WenQuanYi Micro Hei"))
        skip(); /* tools/setup.sh installs them */
    cr = cdr_open_sheet(400, 40);
    cdr_pen_text(
        cr, 10, 20, CDR_LEFT, &name_style,
        "\u65e5\u672c\u8a9e \u968f\u673a \ud55c\uad6d\uc5b4 "
        "\u0646\u0645\u0648\u0630\u062c \u05de\u05d5\u05d3\u05dc \u03b1\u0416");
    assert_int_equal(cdr_pen_missing(cr), 0);
    cairo_destroy(cr);
}

/* ---- sheets ---- */

struct sink {
    size_t bytes, room;
};

static int sink_write(void *to, const void *bytes, size_t size)
{
    struct sink *sink = to;

    (void)bytes;
    sink->bytes += size;
    return sink->bytes > sink->room ? ENOSPC : 0;
}

static bool draw_line(cairo_t *cr, void *arg)
{
    (void)arg;
    cdr_pen_line(cr, 0, 0, 10, 10, 1, CDR_INK);
    return true;
}

static bool draw_nothing(cairo_t *cr, void *arg)
{
    (void)cr;
    (void)arg;
    return false;
}

static void test_sheets(void **state)
{
    struct sink sink = { .room = SIZE_MAX };
    struct cdr_sheet sheet = {
        .width = 20, .height = 20, .write = sink_write, .to = &sink
    };

    (void)state;
    for (int svg = 0; svg < 2; svg++) {
        sheet.svg = svg;
        sink = (struct sink){ .room = SIZE_MAX };
        assert_null(cdr_sheet_make(&sheet, draw_line, NULL));
        assert_true(sink.bytes > 100);
        sink = (struct sink){ .room = 50 };
        assert_non_null(cdr_sheet_make(&sheet, draw_line, NULL));
        assert_int_equal(sheet.failed, ENOSPC);
        sheet.failed = 0;
        sink = (struct sink){ .room = SIZE_MAX };
        assert_non_null(cdr_sheet_make(&sheet, draw_nothing, NULL));
    }
    sheet.height = 8192;
    sheet.svg = false;
    assert_true(cdr_sheet_fits(&sheet));
    sheet.height = 8193;
    assert_false(cdr_sheet_fits(&sheet));
    assert_non_null(cdr_sheet_make(&sheet, draw_line, NULL));
    sheet.svg = true;
    assert_null(cdr_sheet_make(&sheet, draw_line, NULL));
    assert_non_null(cdr_sheet_make_file("plot.pdf", 10, 10, draw_line, NULL));
    assert_non_null(cdr_sheet_make_file("absent/plot.svg", 10, 10, draw_line, NULL));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_stay_different),
        cmocka_unit_test(test_names_keep_characters_whole),
        cmocka_unit_test(test_text_of_all_kinds),
        cmocka_unit_test(test_fonts),
        cmocka_unit_test(test_sheets),
    };

    return cmocka_run_group_tests_name("plot_text", tests, NULL, NULL);
}
