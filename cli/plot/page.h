/* page.h - the sheet that a picture is drawn on, and its file.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_PAGE_H
#define CDR_CLI_PAGE_H

#include "cli/plot/plot.h"
#include <cairo.h>

#define CDR_PAGE_WIDTH  820.0
#define CDR_PAGE_MARGIN 28.0
#define CDR_PAGE_TOP    62.0 /* the title ends here */
#define CDR_PAGE_MORE   20.0 /* and the subtitle so much further down */
#define CDR_PAGE_BOTTOM 38.0 /* from the foot's beginning to the page's end */

/* "Area under the ROC curve" and, smaller, "roc_auc": what heads a panel. */
void cdr_page_panel_title(cairo_t *cr, double y, int kind);

/* Draw: the page is white, its unit a point (PNG: two pixels). */
typedef void cdr_draw(cairo_t *cr, void *arg);

/* A page of that height, with title above and footnote below what `draw` draws; written
 * and put in its place. */
int cdr_page_draw(struct cdr_plot *plot, double height,
                  const struct cdr_plot_text *text, const char *subtitle,
                  cdr_draw *draw, void *arg, struct cdr_failure *why);

#endif
