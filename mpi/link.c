/* link.c - frames of any size between two ranks, in messages of bounded number and size.
 * SPDX-License-Identifier: MIT
 */
#include "link.h"

#include <stdlib.h>
#include <string.h>

#define TAG 1
#define MOST_MEMORY \
    ((size_t)32 << 20) /* of all links' slots, until messages are small */
#define LEAST        ((size_t)4 << 10)
#define MOST         ((size_t)64 << 10)
#define FIRST_QUEUE  ((size_t)4 << 10)
#define FEW_MESSAGES 16 /* of one link, before others have their turn */

/* At the beginning of each message. */
struct head {
    uint32_t credits; /* that are given back */
    uint32_t size;    /* of the bytes behind this */
};

/* ---- open and close ---- */

static size_t message_size(int ranks)
{
    size_t size = MOST_MEMORY / (size_t)(ranks > 0 ? ranks : 1) / CDR_MPI_SLOTS / 2;

    size &= ~(size_t)63;
    return size > MOST ? MOST : size < LEAST ? LEAST : size;
}

static int post(struct cdr_mpi_links *links, struct cdr_mpi_link *l,
                struct cdr_mpi_slot *slot)
{
    return MPI_Irecv(slot->data, (int)links->message, MPI_BYTE, l->peer, TAG,
                     links->comm, &slot->request);
}

static int open_link(struct cdr_mpi_links *links, struct cdr_mpi_link *l, char *memory)
{
    int rc = MPI_SUCCESS;

    l->credits = CDR_MPI_CREDITS;
    l->heard = l->spoke = cdr_mpi_now();
    for (int k = 0; k < CDR_MPI_SLOTS; k++) {
        l->send[k] = (struct cdr_mpi_slot){ MPI_REQUEST_NULL, memory };
        l->receive[k] =
            (struct cdr_mpi_slot){ MPI_REQUEST_NULL, memory + links->message };
        memory += 2 * links->message;
    }
    for (int k = 0; k < CDR_MPI_SLOTS && !rc; k++)
        rc = post(links, l, &l->receive[k]);
    return rc;
}

int cdr_mpi_links_open(struct cdr_mpi_links *links, MPI_Comm comm, int first, int n,
                       cadre_error *err)
{
    size_t room = (size_t)(n > 0 ? n : 1);
    int size, rc;

    MPI_Comm_size(comm, &size);
    links->comm = comm;
    links->n = n;
    links->message = message_size(size - 1); /* the same on both sides */
    links->link = calloc(room, sizeof *links->link);
    links->memory = malloc(room * CDR_MPI_SLOTS * 2 * links->message);
    links->requests = calloc(room, sizeof(MPI_Request));
    links->statuses = calloc(room, sizeof(MPI_Status));
    links->ready = calloc(room, sizeof(int));
    if (!links->link || !links->memory || !links->requests || !links->statuses ||
        !links->ready) {
        cdr_mpi_links_close(links, false);
        return cdr_mpi_fail(err, CADRE_ENOMEM, "no memory for links to %d ranks", n);
    }
    for (int i = 0; i < n; i++) {
        links->link[i].peer = first + i;
        rc = open_link(links, &links->link[i],
                       links->memory + (size_t)i * CDR_MPI_SLOTS * 2 * links->message);
        if (rc)
            return cdr_mpi_fail_call(err, rc, "a receive could not be posted");
    }
    return CADRE_OK;
}

static void close_link(struct cdr_mpi_link *l, bool broken)
{
    for (int k = 0; k < CDR_MPI_SLOTS && !broken; k++) {
        if (l->receive[k].request != MPI_REQUEST_NULL) {
            MPI_Cancel(&l->receive[k].request);
            MPI_Wait(&l->receive[k].request, MPI_STATUS_IGNORE);
        }
        if (l->send[k].request != MPI_REQUEST_NULL)
            MPI_Wait(&l->send[k].request, MPI_STATUS_IGNORE);
    }
    free(l->queue);
    free(l->body);
}

void cdr_mpi_links_close(struct cdr_mpi_links *links, bool broken)
{
    for (int i = 0; links->link && i < links->n; i++)
        close_link(&links->link[i], broken);
    free(links->link);
    if (!broken) /* else MPI may still write there */
        free(links->memory);
    free(links->requests);
    free(links->statuses);
    free(links->ready);
    links->link = NULL;
    links->n = 0;
}

/* ---- sending ---- */

static bool queue_room(struct cdr_mpi_link *l, size_t size)
{
    size_t used = l->queue_end - l->queue_at, room = FIRST_QUEUE;
    char *larger;

    if (l->queue_size - l->queue_end >= size)
        return true;
    if (used > 0 && l->queue_at > 0)
        memmove(l->queue, l->queue + l->queue_at, used);
    l->queue_at = 0;
    l->queue_end = used;
    if (l->queue_size - used >= size)
        return true;
    if (size > SIZE_MAX / 4 - used)
        return false;
    while (room < used + size)
        room *= 2;
    larger = realloc(l->queue, room);
    if (!larger)
        return false;
    l->queue = larger;
    l->queue_size = room;
    return true;
}

static void queue_bytes(struct cdr_mpi_link *l, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(l->queue + l->queue_end, bytes, size);
    l->queue_end += size;
}

bool cdr_mpi_link_send(struct cdr_mpi_links *links, struct cdr_mpi_link *l,
                       struct cdr_mpi_frame frame, const void *body)
{
    (void)links;
    if (l->dead || frame.size > SIZE_MAX / 4 ||
        !queue_room(l, sizeof frame + (size_t)frame.size)) {
        l->dead = true;
        return false;
    }
    queue_bytes(l, &frame, sizeof frame);
    queue_bytes(l, body, (size_t)frame.size);
    return true;
}

/* What a large frame took is not kept. */
static void shrink_queue(struct cdr_mpi_link *l)
{
    if (l->queue_at < l->queue_end)
        return;
    l->queue_at = l->queue_end = 0;
    if (l->queue_size > MOST * 4) {
        free(l->queue);
        l->queue = NULL;
        l->queue_size = 0;
    }
}

static bool slot_is_free(struct cdr_mpi_link *l, struct cdr_mpi_slot *slot)
{
    int done = 1;

    if (slot->request != MPI_REQUEST_NULL &&
        MPI_Test(&slot->request, &done, MPI_STATUS_IGNORE))
        l->dead = true;
    return done && !l->dead;
}

static bool send_one(struct cdr_mpi_links *links, struct cdr_mpi_link *l)
{
    struct cdr_mpi_slot *slot = &l->send[l->next_send];
    size_t left = l->queue_end - l->queue_at,
           most = links->message - sizeof(struct head);
    size_t size = l->credits == 0 ? 0 : left < most ? left : most;
    struct head head = { l->owed, (uint32_t)size };

    if ((size == 0 && l->owed < CDR_MPI_CREDITS / 2) || !slot_is_free(l, slot))
        return false;
    memcpy(slot->data, &head, sizeof head);
    if (size > 0)
        memcpy(slot->data + sizeof head, l->queue + l->queue_at, size);
    if (MPI_Isend(slot->data, (int)(sizeof head + size), MPI_BYTE, l->peer, TAG,
                  links->comm, &slot->request)) {
        l->dead = true;
        return false;
    }
    l->next_send = (l->next_send + 1) % CDR_MPI_SLOTS;
    l->owed = 0;
    l->credits -= size > 0;
    l->queue_at += size;
    l->spoke = cdr_mpi_now();
    shrink_queue(l);
    return true;
}

static bool send_some(struct cdr_mpi_links *links, struct cdr_mpi_link *l)
{
    bool some = false;

    for (int k = 0; k < FEW_MESSAGES && !l->dead && send_one(links, l); k++)
        some = true;
    return some;
}

/* ---- receiving ---- */

/* The head of a frame is complete: make room for what follows. */
static bool begin_body(struct cdr_mpi_link *l)
{
    l->body = l->frame.size > SIZE_MAX / 4 ? NULL : malloc((size_t)l->frame.size + 1);
    if (!l->body)
        l->dead = true;
    return l->body != NULL;
}

static size_t take_part(void *to, size_t have, size_t whole, const char *from,
                        size_t size)
{
    size_t part = whole - have < size ? whole - have : size;

    if (part > 0)
        memcpy((char *)to + have, from, part);
    return part;
}

static void take_bytes(struct cdr_mpi_links *links, struct cdr_mpi_link *l,
                       const char *bytes, size_t size)
{
    const size_t head = sizeof l->frame;

    while (size > 0 && !l->dead) {
        size_t part;
        if (l->have < head) {
            part = take_part(&l->frame, l->have, head, bytes, size);
            if (l->have + part == head && !begin_body(l))
                return;
        } else {
            part =
                take_part(l->body, l->have - head, (size_t)l->frame.size, bytes, size);
        }
        l->have += part;
        bytes += part;
        size -= part;
        if (l->have >= head && l->have == head + (size_t)l->frame.size) {
            void *body = l->body;
            l->body = NULL;
            l->have = 0;
            links->arrive(links->arg, l, &l->frame, body);
        }
    }
}

static void take_message(struct cdr_mpi_links *links, struct cdr_mpi_link *l,
                         const MPI_Status *status)
{
    struct cdr_mpi_slot *slot = &l->receive[l->next_receive];
    struct head head;
    int size = 0;

    MPI_Get_count(status, MPI_BYTE, &size);
    if ((size_t)size < sizeof head) {
        l->dead = true;
        return;
    }
    memcpy(&head, slot->data, sizeof head);
    l->heard = cdr_mpi_now();
    l->credits += head.credits;
    l->owed += head.size > 0;
    take_bytes(links, l, slot->data + sizeof head, head.size);
    l->next_receive = (l->next_receive + 1) % CDR_MPI_SLOTS;
    if (post(links, l, slot))
        l->dead = true;
}

/* Receives of a link end in the order in which they were posted: one of each is looked at. */
static bool receive_some(struct cdr_mpi_links *links)
{
    int some = 0, rc;

    for (int i = 0; i < links->n; i++) {
        struct cdr_mpi_link *l = &links->link[i];
        links->requests[i] =
            l->dead ? MPI_REQUEST_NULL : l->receive[l->next_receive].request;
    }
    rc = MPI_Testsome(links->n, links->requests, &some, links->ready, links->statuses);
    if (some == MPI_UNDEFINED)
        return false;
    for (int k = 0; k < some; k++) {
        struct cdr_mpi_link *l = &links->link[links->ready[k]];
        l->receive[l->next_receive].request = MPI_REQUEST_NULL;
        if (rc == MPI_ERR_IN_STATUS && links->statuses[k].MPI_ERROR)
            l->dead = true;
        else
            take_message(links, l, &links->statuses[k]);
    }
    return some > 0;
}

bool cdr_mpi_links_progress(struct cdr_mpi_links *links)
{
    bool some = false;

    /* An MPI may tell what was complete before it looked for more: only the second of two
     * looks is sure to see what has come by the first. */
    for (int k = 0; k < FEW_MESSAGES; k++) {
        if (receive_some(links))
            some = true;
        else if (k > 0)
            break;
    }
    for (int i = 0; i < links->n; i++)
        if (send_some(links, &links->link[i]))
            some = true;
    return some;
}

bool cdr_mpi_links_are_empty(const struct cdr_mpi_links *links)
{
    for (int i = 0; i < links->n; i++) {
        const struct cdr_mpi_link *l = &links->link[i];
        if (!l->dead && l->queue_at < l->queue_end)
            return false;
    }
    return true;
}
