/* page.h - the page of a plot: title, footnote, panels' titles, and its file.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_PAGE_H
#define CDR_CLI_PAGE_H

#include "cli/plot/plot.h"
#include "plot/pen.h"
#include "plot/sheet.h"

#define CDR_PAGE_WIDTH  820.0
#define CDR_PAGE_MARGIN 28.0
#define CDR_PAGE_TOP    62.0 /* the title ends here */
#define CDR_PAGE_MORE   20.0 /* and the subtitle so much further down */
#define CDR_PAGE_BOTTOM 38.0 /* from the foot's beginning to the page's end */

/* "ROC AUC" and, smaller, "area under the ROC curve": what heads a panel, with the
 * threshold or bins where the metric uses them; the group first, if there is one. */
void cdr_page_panel_title(cairo_t *cr, double y, int kind, const char *group,
                          const struct cdr_plot_text *text);

/* The same as two texts, for tests. */
void cdr_page_metric_words(char *title, char *detail, size_t size, int kind,
                           const struct cdr_plot_text *text);

/* A score's name as it is drawn, with the group that the result is of, if there is one.
 * Yours to free; NULL without memory. */
char *cdr_page_name(const char *name, const char *group);

/* Exit CDR_EXIT_USAGE where a PNG of that height has too many pixels. */
int cdr_page_check(const struct cdr_plot *plot, double height, size_t rows,
                   struct cdr_failure *why);

/* A page of that height, with title above and footnote below what `draw` draws; written
 * and put in its place. With text->a the title is their difference, and text->title
 * goes below it. */
int cdr_page_draw(struct cdr_plot *plot, double height,
                  const struct cdr_plot_text *text, cdr_sheet_draw *draw, void *arg,
                  struct cdr_failure *why);

#endif
