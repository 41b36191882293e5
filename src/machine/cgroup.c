/* cgroup.c - our place in each hierarchy of cgroups, and the way up from there.
 * SPDX-License-Identifier: MIT
 *
 * /proc/self/cgroup gives our path in each hierarchy: one line a hierarchy of v1,
 * which serves some controllers, and one line "0::" for v2, which serves all the
 * others. /proc/self/mountinfo says where each hierarchy can be read, and which
 * cgroup is the mount's root. Where both agree, what follows the root in our path
 * is the way from the mount point down to our own cgroup:
 *
 *     path /docker/4f1/job    root /docker/4f1    mount /sys/fs/cgroup/cpu
 *                                  we are at /sys/fs/cgroup/cpu/job
 *
 * Inside containers they need not agree. With a namespace of its own a process
 * sees paths relative to it, the rest of the host as "/../..", and sometimes a
 * mount of some other part altogether. Then the root of the mount is the best
 * there is: it is read, and a remark says that it was.
 */
#include "machine/cgroup.h"

#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MEMBERSHIP "/proc/self/cgroup"
#define MOUNTS     "/proc/self/mountinfo"

/* The text up to `end`, which is cut off; *rest moves behind. NULL: no `end`. */
static char *cut(char **rest, char end)
{
    char *text = *rest, *found = strchr(text, end);

    if (!found)
        return NULL;
    *found = '\0';
    *rest = found + 1;
    return text;
}

/* "cpu,cpuacct" serves "cpu"; "" serves "", which is v2. */
static bool serves(const char *list, const char *controller)
{
    size_t length = strlen(controller);

    if (length == 0)
        return *list == '\0';
    while (strncmp(list, controller, length) != 0 ||
           (list[length] != ',' && list[length] != '\0')) {
        list = strchr(list, ',');
        if (!list)
            return false;
        list++;
    }
    return true;
}

/* Copy a path, "" for "/". False if it is none, or too long. */
static bool copy_path(char out[CDR_CGROUP_PATH], const char *path)
{
    size_t length = strlen(path);

    if (path[0] != '/' || length >= CDR_CGROUP_PATH)
        return false;
    while (length > 0 && path[length - 1] == '/')
        length--;
    memcpy(out, path, length);
    out[length] = '\0';
    return true;
}

/* In place: mountinfo writes spaces and the like as "\040". */
static void unescape(char *text)
{
    char *out = text;

    for (const char *in = text; *in; out++) {
        unsigned code = 0, digits = 0;

        if (*in == '\\')
            for (; digits < 3 && in[1 + digits] >= '0' && in[1 + digits] <= '7';
                 digits++)
                code = code * 8 + (unsigned)(in[1 + digits] - '0');
        if (digits == 3 && code > 0 && code < 256) {
            *out = (char)code;
            in += 4;
        } else {
            *out = *in++;
        }
    }
    *out = '\0';
}

/* Is the path that of the root or of something below it? */
static bool is_inside(const char *path, const char *root)
{
    size_t length = strlen(root);

    if (strncmp(path, root, length) != 0)
        return false;
    path += length;
    if (*path != '\0' && *path != '/')
        return false;
    for (; (path = strstr(path, "/..")) != NULL; path += 3)
        if (path[3] == '/' || path[3] == '\0')
            return false;
    return true;
}

/* "4:cpu,cpuacct:/some/path", "0::/some/path". False if it is neither. */
static bool read_member(char *line, struct cdr_cgroup *groups, unsigned n)
{
    const char *id = cut(&line, ':'), *controllers = cut(&line, ':');
    char path[CDR_CGROUP_PATH];
    uint64_t number;

    if (!controllers || !cdr_parse_number(&number, id, UINT64_MAX) ||
        !copy_path(path, line) || (number == 0) != (*controllers == '\0'))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (serves(controllers, groups[i].controller)) {
            groups[i].child = true;
            memcpy(groups[i].path, path, sizeof path);
        }
    return true;
}

/* A hierarchy may be mounted several times: better a mount that shows our cgroup,
 * and then the one that shows most of its ancestors. */
static bool is_better(const struct cdr_cgroup *group, const char *root)
{
    if (!group->mounted)
        return true;
    return is_inside(group->path, root) &&
           (!is_inside(group->path, group->root) || strlen(root) < strlen(group->root));
}

/* "31 22 0:27 /root /mount/point rw,relatime shared:4 - cgroup cgroup rw,cpu" */
static bool read_mount(char *line, struct cdr_cgroup *groups, unsigned n)
{
    char *fields = line, *options = strstr(line, " - ");
    char *root, *mount, *type;
    char paths[2][CDR_CGROUP_PATH];
    bool v2;

    if (!options)
        return false;
    *options = '\0';
    options += 3;
    type = cut(&options, ' ');
    if (!type || !cut(&options, ' '))
        return false;
    v2 = strcmp(type, "cgroup2") == 0;
    if (!v2 && strcmp(type, "cgroup") != 0)
        return true;
    for (int i = 0; i < 3; i++)
        if (!cut(&fields, ' '))
            return false;
    root = cut(&fields, ' ');
    mount = cut(&fields, ' ');
    if (!root || !mount)
        return false;
    unescape(root);
    unescape(mount);
    if (!copy_path(paths[0], root) || !copy_path(paths[1], mount))
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (serves(v2 ? "" : options, groups[i].controller) &&
            is_better(&groups[i], paths[0])) {
            groups[i].mounted = true;
            memcpy(groups[i].root, paths[0], sizeof paths[0]);
            memcpy(groups[i].mount, paths[1], sizeof paths[1]);
        }
    }
    return true;
}

/* Give each line of a file in /proc to `take`; what it refuses is counted. */
static void read_lines(struct cdr_scan *s, const char *file,
                       bool take(char *, struct cdr_cgroup *, unsigned),
                       struct cdr_cgroup *groups, unsigned n)
{
    struct cdr_reader *r = &s->reader;
    unsigned bad = 0;
    char *line;

    if (cdr_reader_open(r, s->root, "%s", file) != 0) {
        cdr_remark_unreadable(s, "cgroup");
        return;
    }
    while ((line = cdr_reader_line(r)) != NULL)
        bad += !take(line, groups, n);
    cdr_reader_close(r);
    if (r->error)
        cdr_remark_unreadable(s, "cgroup");
    bad += r->longs;
    if (bad)
        cdr_remark(s, "cgroup", file, "%u line%s of %s cannot be read: ignored", bad,
                   bad == 1 ? "" : "s", file);
}

/* The way down from the mount's root, "" for the root itself. */
static const char *below(const struct cdr_cgroup *group)
{
    return group->path + strlen(group->root);
}

static bool is_there(const struct cdr_scan *s, const struct cdr_cgroup *group)
{
    char full[PATH_MAX];
    struct stat unused;
    int used =
        snprintf(full, sizeof full, "%s%s%s", s->root, group->mount, below(group));

    return used < 0 || (size_t)used >= sizeof full || stat(full, &unused) == 0 ||
           errno != ENOENT;
}

static const char *name_of(const char *path)
{
    return *path ? path : "/";
}

/* Both files are read: settle where to begin, or that there is nothing to read. */
static void settle(struct cdr_scan *s, struct cdr_cgroup *group)
{
    char path[CDR_SHOWN], mount[CDR_SHOWN], from[CDR_SHOWN];
    bool found = group->child && is_inside(group->path, group->root);

    cdr_show(path, sizeof path, name_of(group->path));
    if (!group->mounted) {
        if (*group->path)
            cdr_remark(s, "cgroup", MOUNTS, "cgroup %s of %s is not mounted: not read",
                       path, *group->controller ? group->controller : "v2");
        return;
    }
    if (!found)
        memcpy(group->path, group->root, sizeof group->path);
    while (!is_there(s, group) && cdr_cgroup_up(group))
        found = false;
    if (found || !group->child)
        return;
    cdr_show(mount, sizeof mount, name_of(group->mount));
    cdr_show(from, sizeof from, name_of(group->path));
    cdr_remark(s, "cgroup", MOUNTS,
               "cgroup %s cannot be found in %s: %s is read instead", path, mount,
               from);
}

void cdr_cgroups_find(struct cdr_scan *s, struct cdr_cgroup *groups, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        groups[i].child = groups[i].mounted = false;
        groups[i].path[0] = groups[i].root[0] = groups[i].mount[0] = '\0';
    }
    read_lines(s, MEMBERSHIP, read_member, groups, n);
    read_lines(s, MOUNTS, read_mount, groups, n);
    for (unsigned i = 0; i < n; i++)
        settle(s, &groups[i]);
}

bool cdr_cgroup_up(struct cdr_cgroup *group)
{
    char *last = strrchr(group->path + strlen(group->root), '/');

    if (last)
        *last = '\0';
    return last != NULL;
}

static const char *where(char out[PATH_MAX], const struct cdr_cgroup *group,
                         const char *file)
{
    snprintf(out, PATH_MAX, "%s%s/%s", group->mount, below(group), file);
    return out;
}

void cdr_cgroup_remark(struct cdr_scan *s, const char *name, const char *file,
                       const char *what)
{
    char full[PATH_MAX], path[CDR_SHOWN];

    cdr_show(path, sizeof path, name_of(s->at->path));
    cdr_remark(s, name, where(full, s->at, file), "%s of %s %s", file, path, what);
}

void cdr_cgroup_ignore(struct cdr_scan *s, const char *name, const char *file,
                       const char *text)
{
    char shown[CDR_SHOWN], what[CDR_SHOWN + 32];

    snprintf(what, sizeof what, "is \"%s\": ignored",
             cdr_show(shown, sizeof shown, text));
    cdr_cgroup_remark(s, name, file, what);
}

/* The file in s->reader could not be read. */
static void unreadable(struct cdr_scan *s, const char *name, const char *file)
{
    char text[128], what[160];

    snprintf(what, sizeof what, "is unreadable: %s",
             cdr_strerror(s->reader.error, text, sizeof text));
    cdr_cgroup_remark(s, name, file, what);
}

bool cdr_cgroup_open(struct cdr_scan *s, const char *name, const char *file)
{
    int error = cdr_reader_open(&s->reader, s->root, "%s%s/%s", s->at->mount,
                                below(s->at), file);

    if (error && error != ENOENT)
        unreadable(s, name, file);
    return error == 0;
}

const char *cdr_cgroup_line(struct cdr_scan *s, const char *name, const char *file)
{
    struct cdr_reader *r = &s->reader;
    const char *line;

    if (!cdr_cgroup_open(s, name, file))
        return NULL;
    line = cdr_reader_line(r);
    cdr_reader_close(r);
    if (!line && !r->error && r->longs)
        r->error = EFBIG;
    if (line || !r->error)
        return line ? line : "";
    unreadable(s, name, file);
    return NULL;
}

void cdr_cgroup_limit(struct cdr_scan *s, enum cdr_fact_kind kind, uint64_t value,
                      const char *name, const char *file, const char *format, ...)
{
    char full[PATH_MAX], how[CDR_FACT_TEXT], path[CDR_SHOWN];
    va_list args;

    va_start(args, format);
    vsnprintf(how, sizeof how, format, args);
    va_end(args);
    cdr_show(path, sizeof path, name_of(s->at->path));
    cdr_limit(s, kind, value, name, where(full, s->at, file), "%s of %s (%s)", name,
              path, how);
}
