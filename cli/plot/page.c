/* page.c - the page of a plot: title, footnote, panels' titles, and its file.
 * SPDX-License-Identifier: MIT
 *
 * Names come from users' files, in any script. Where one stands within a sentence it is
 * isolated (U+2068, U+2069), so that a name in Arabic does not turn around the rest.
 */
#include "cli/plot/page.h"
#include "cli/base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH   (CDR_PAGE_WIDTH - 2 * CDR_PAGE_MARGIN)
#define ISOLATE "\u2068"
#define END     "\u2069"
#define LEFT    "\u200e" /* left-to-right mark */
#define MINUS   " \u2212 "

static const struct cdr_style title_style = { 17, CDR_INK, true };
static const struct cdr_style subtitle_style = { 12.5, CDR_QUIET, false };
static const struct cdr_style foot_style = { 10.5, CDR_QUIET, false };
static const struct cdr_style panel_style = { 13, CDR_INK, true };
static const struct cdr_style detail_style = { 11, CDR_QUIET, false };

/* ---- the file ---- */

int cdr_plot_open(struct cdr_plot *plot, const char *path, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];

    if (!path)
        return 0;
    if (!cdr_sheet_kind(path, &plot->svg))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--plot is %s: expected a name that ends with .svg or .png",
                         cdr_quote(shown, path));
    return cdr_output_open(&plot->output, path, why);
}

void cdr_plot_close(struct cdr_plot *plot)
{
    cdr_output_drop(&plot->output);
}

static int write_bytes(void *to, const void *bytes, size_t size)
{
    struct cdr_output *out = to;

    if (fwrite(bytes, 1, size, out->stream) == size)
        return 0;
    if (!out->failed)
        out->failed = errno;
    return out->failed ? out->failed : EIO;
}

int cdr_page_check(const struct cdr_plot *plot, double height, size_t rows,
                   struct cdr_failure *why)
{
    const struct cdr_sheet sheet = { .width = CDR_PAGE_WIDTH,
                                     .height = height,
                                     .svg = plot->svg };

    if (!plot->output.stream || cdr_sheet_fits(&sheet))
        return 0;
    return cdr_fails(why, CDR_EXIT_USAGE,
                     "--plot: a PNG with %zu rows is %.0f pixels high, and %d is the "
                     "limit; plot to a name that ends with .svg, or ask for fewer "
                     "scores or metrics",
                     rows, height * CDR_SHEET_SCALE, CDR_SHEET_PIXELS);
}

/* ---- metrics ---- */

/* Names as papers have them, and definitions where the library's would repeat what
 * follows. A metric that is not here gets its name with a capital. */
static const struct metric_words {
    const char *title, *definition;
} metric_words[CADRE_METRIC_COUNT] = {
    [CADRE_MEAN] = { "Mean score", "" },
    [CADRE_ROC_AUC] = { "ROC AUC", NULL },
    [CADRE_PR_AUC] = { "Average precision", "area under the precision-recall steps" },
    [CADRE_ACCURACY] = { "Accuracy", "share of correct predictions" },
    [CADRE_PRECISION] = { "Precision", NULL },
    [CADRE_RECALL] = { "Recall", NULL },
    [CADRE_F1] = { "F1 score", NULL },
    [CADRE_BRIER] = { "Brier score", NULL },
    [CADRE_LOG_LOSS] = { "Log loss", NULL },
    [CADRE_MCC] = { "MCC", NULL },
    [CADRE_NPV] = { "Negative predictive value", NULL },
    [CADRE_FPR] = { "False positive rate", NULL },
    [CADRE_FNR] = { "False negative rate", NULL },
    [CADRE_MCE] = { "MCE", NULL },
    [CADRE_MCE_MASS] = { "MCE", NULL },
    [CADRE_DEVIATION] = { "Standard deviation", "" },
    [CADRE_ECE_WIDTH] = { "ECE", "expected calibration error" },
    [CADRE_ECE_MASS] = { "ECE", "expected calibration error" },
};

static void write_title(char *title, size_t size, int kind)
{
    if (metric_words[kind].title) {
        snprintf(title, size, "%s", metric_words[kind].title);
        return;
    }
    snprintf(title, size, "%s", cadre_metric_name(kind));
    for (char *c = title; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    if (title[0] >= 'a' && title[0] <= 'z')
        title[0] = (char)(title[0] - 'a' + 'A');
}

void cdr_page_metric_words(char *title, char *detail, size_t size, int kind,
                           const struct cdr_plot_text *text)
{
    const char *definition = metric_words[kind].definition;

    write_title(title, size, kind);
    definition = definition ? definition : cadre_metric_text(kind);
    if (kind == CADRE_ECE_WIDTH)
        snprintf(detail, size, "%s, %u bins of equal width", definition, text->bins);
    else if (kind == CADRE_ECE_MASS)
        snprintf(detail, size, "%s, %u bins of equal size", definition, text->bins);
    else if (cadre_metric_needs(kind) & CADRE_NEEDS_BINS)
        snprintf(detail, size, "%s; %u bins", definition, text->bins);
    else if (cadre_metric_needs(kind) & CADRE_NEEDS_THRESHOLD)
        snprintf(detail, size, "%s; threshold %.10g", definition, text->threshold);
    else if (cadre_metric_needs(kind) & CADRE_NEEDS_LEVEL && text->level != 0)
        snprintf(detail, size, "%s; level %.10g", definition, text->level);
    else
        snprintf(detail, size, "%s", definition);
}

void cdr_page_panel_title(cairo_t *cr, double y, int kind, const char *group,
                          const struct cdr_plot_text *text)
{
    char title[160], detail[160];
    char *name, *fitted;
    double width;

    cdr_page_metric_words(title, detail, sizeof title, kind, text);
    name = cdr_page_name(title, group);
    fitted = name ? cdr_pen_fit(cr, &panel_style, name, WIDTH / 3) : NULL;
    width = cdr_pen_text(cr, CDR_PAGE_MARGIN, y, CDR_LEFT, &panel_style,
                         fitted ? fitted : title);
    free(fitted);
    free(name);
    cdr_pen_text(cr, CDR_PAGE_MARGIN + width + 9, y, CDR_LEFT, &detail_style, detail);
}

char *cdr_page_name(const char *name, const char *group)
{
    char *shown = cdr_printable(name), *of = group ? cdr_printable(group) : NULL;
    char *out = NULL;

    if (!group)
        return shown;
    if (!shown || !of ||
        asprintf(&out, ISOLATE "%s" END ", " ISOLATE "%s" END, shown, of) < 0)
        out = NULL;
    free(shown);
    free(of);
    return out;
}

/* ---- title and footnote ---- */

struct page {
    double height;
    const struct cdr_plot_text *text;
    cdr_sheet_draw *draw;
    void *arg;
};

static void put_line(cairo_t *cr, double y, const struct cdr_style *style, char *text)
{
    if (text)
        cdr_pen_text(cr, CDR_PAGE_MARGIN, y, CDR_LEFT, style, text);
    free(text);
}

/* "b - a", both made as short as need be, but not the same. NULL without memory. */
static char *write_difference(cairo_t *cr, const char *a, const char *b)
{
    char *names[] = { cdr_printable(b), cdr_printable(a) }, *fitted[] = { NULL, NULL };
    char *out = NULL;

    if (names[0] && names[1]) {
        double space = WIDTH - cdr_pen_width(cr, &title_style, MINUS);
        double shorter = fmin(cdr_pen_width(cr, &title_style, names[0]),
                              cdr_pen_width(cr, &title_style, names[1]));

        if (cdr_pen_fit_names(cr, &title_style, (const char *const *)names, 2,
                              fmax(space / 2, space - shorter), fitted) &&
            asprintf(&out, ISOLATE "%s" END MINUS ISOLATE "%s" END, fitted[0],
                     fitted[1]) < 0)
            out = NULL;
    }
    for (int i = 0; i < 2; i++) {
        free(names[i]);
        free(fitted[i]);
    }
    return out;
}

/* Names in quotes must not turn around what follows them. */
static char *mark_quotes(const char *text)
{
    size_t used = 0, size = strlen(text) * (1 + strlen(LEFT)) + 1;
    char *out = malloc(size);

    for (; out && *text; text++) {
        out[used++] = *text;
        if (*text != '"')
            continue;
        memcpy(out + used, LEFT, strlen(LEFT));
        used += strlen(LEFT);
    }
    if (out)
        out[used] = '\0';
    return out;
}

/* The file gets the space that the rest leaves, but some always. */
static char *write_foot(cairo_t *cr, const struct cdr_plot_text *text)
{
    const char *slash = strrchr(text->file, '/');
    char *rest = mark_quotes(text->footnote), *file = NULL, *out = NULL;
    char *name = cdr_printable(slash ? slash + 1 : text->file);

    if (name && rest)
        file = cdr_pen_fit(
            cr, &foot_style, name,
            fmax(WIDTH / 4, WIDTH - 8 - cdr_pen_width(cr, &foot_style, rest)));
    if (file && asprintf(&out, ISOLATE "%s" END ": %s", file, rest) < 0)
        out = NULL;
    free(name);
    free(rest);
    free(file);
    return out;
}

static bool draw_page(cairo_t *cr, void *arg)
{
    struct page *page = arg;
    const struct cdr_plot_text *text = page->text;
    char *title = text->a ? write_difference(cr, text->a, text->b)
                          : cdr_pen_fit(cr, &title_style, text->title, WIDTH);
    char *foot = write_foot(cr, text), subtitle[200];

    bool done = title && foot;

    put_line(cr, 40, &title_style, title);
    put_line(cr, page->height - 20, &foot_style, foot);
    if (text->a) {
        snprintf(subtitle, sizeof subtitle,
                 "difference and its %s; the bars count resamples", text->title);
        cdr_pen_text(cr, CDR_PAGE_MARGIN, 60, CDR_LEFT, &subtitle_style, subtitle);
    }
    return done && page->draw(cr, page->arg);
}

int cdr_page_draw(struct cdr_plot *plot, double height,
                  const struct cdr_plot_text *text, cdr_sheet_draw *draw, void *arg,
                  struct cdr_failure *why)
{
    struct page page = { .height = height, .text = text, .draw = draw, .arg = arg };
    struct cdr_sheet sheet = { .width = CDR_PAGE_WIDTH,
                               .height = height,
                               .svg = plot->svg,
                               .write = write_bytes,
                               .to = &plot->output };
    const char *reason = cdr_sheet_make(&sheet, draw_page, &page);

    if (reason && !sheet.failed)
        return cdr_fails(why, CDR_EXIT_FAILED, "the plot cannot be drawn: %s", reason);
    if (sheet.missing > 0)
        fprintf(stderr,
                "cadre: %zu character%s of the plot %s in no font of this machine and "
                "shown as a box; see FONTS in cadre(1)\n",
                sheet.missing, sheet.missing == 1 ? "" : "s",
                sheet.missing == 1 ? "is" : "are");
    return cdr_output_commit(&plot->output, why); /* names a write error itself */
}
