/* The limit of the fan-out benchmark, and the watchers of all contenders.
 *
 *   fanout writer WATCHERS BYTES   one write() per message and watcher
 *   fanout sink PORT WATCHERS      that many WebSockets; tells how late messages came
 *
 * A message carries "@t" and 19 digits: CLOCK_MONOTONIC in nanoseconds when it was sent.
 * The writer says its port and "ready" on standard output, then takes "burst MESSAGES" and
 * "paced GAP GAP …" (microseconds between messages) from standard input. The sink says "ready", then takes "expect N" and
 * answers "COUNT ELAPSED_NS P50_NS P99_NS" when N messages have come or nothing did for 10 s.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STAMP = 19, TAIL = 32, READ = 256 * 1024, QUIET_MS = 10000 };

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t done = write(fd, data, size);
        if (done < 0) {
            if (errno == EINTR) continue;
            fail("write");
        }
        data += done;
        size -= done;
    }
}

static void handshake_end(int fd) {
    char last[4] = {0}, c;
    while (memcmp(last, "\r\n\r\n", 4)) {
        if (read(fd, &c, 1) != 1) fail("handshake");
        memmove(last, last + 1, 3);
        last[3] = c;
    }
}

/* ---- writer ---- */

static int *fds, watchers;
static char *frame;
static size_t frame_bytes;

static void make_frame(size_t payload) {
    frame = malloc(payload + 4);
    frame[0] = (char)0x81;
    frame[1] = 126;
    frame[2] = (char)(payload >> 8);
    frame[3] = (char)payload;
    memset(frame + 4, 'x', payload);
    frame_bytes = payload + 4;
}

static void send_to_all(void) {
    char stamp[STAMP + 3];
    snprintf(stamp, sizeof stamp, "@t%019lld", (long long)now_ns());
    memcpy(frame + 4, stamp, STAMP + 2);
    for (int i = 0; i < watchers; i++) all(fds[i], frame, frame_bytes);
}

static void paced(const char *gaps) {
    int64_t due = now_ns();
    int taken;
    long gap;
    for (; sscanf(gaps, "%ld%n", &gap, &taken) == 1; gaps += taken) {
        due += gap * 1000;
        struct timespec until = {due / 1000000000LL, due % 1000000000LL};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        send_to_all();
    }
}

static int writer(int count, size_t payload) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (void *)&at, size) || listen(listener, 1024)) fail("listen");
    getsockname(listener, (void *)&at, &size);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    watchers = count;
    fds = calloc(count, sizeof *fds);
    make_frame(payload);
    for (int i = 0; i < count; i++) {
        fds[i] = accept(listener, NULL, NULL);
        if (fds[i] < 0) fail("accept");
        handshake_end(fds[i]);
        const char *answer = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
        all(fds[i], answer, strlen(answer));
    }
    puts("ready");
    fflush(stdout);
    char *line = NULL;
    size_t room = 0;
    int messages;
    while (getline(&line, &room, stdin) > 0) {
        if (sscanf(line, "burst %d", &messages) == 1)
            for (int i = 0; i < messages; i++) send_to_all();
        else if (!strncmp(line, "paced ", 6))
            paced(line + 6);
    }
    return 0;
}

/* ---- sink ---- */

struct conn {
    int fd, kept;
    char tail[TAIL];
};

static int64_t *late, first_sent;
static size_t seen, wanted;

static void note(const char *digits, int64_t at) {
    int64_t sent = 0;
    for (int i = 0; i < STAMP; i++) {
        if (digits[i] < '0' || digits[i] > '9') return;
        sent = sent * 10 + (digits[i] - '0');
    }
    if (!seen || sent < first_sent) first_sent = sent;
    if (seen < wanted) late[seen] = at - sent;
    seen++;
}

static void take(struct conn *c) {
    static char buffer[TAIL + READ];
    memcpy(buffer, c->tail, c->kept);
    ssize_t got = read(c->fd, buffer + c->kept, READ);
    if (got <= 0) {
        fprintf(stderr, "a watcher was cut off\n");
        exit(1);
    }
    int64_t at = now_ns();
    size_t size = c->kept + got, from = 0;
    char *found;
    while ((found = memmem(buffer + from, size - from, "@t", 2))) {
        size_t place = found - buffer;
        if (place + 2 + STAMP > size) break;
        note(found + 2, at);
        from = place + 2 + STAMP;
    }
    size_t rest = size - from;
    c->kept = rest < STAMP + 2 ? rest : STAMP + 2;
    memcpy(c->tail, buffer + size - c->kept, c->kept);
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int sink(int port, int count) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const char *hello = "GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct conn *conns = calloc(count, sizeof *conns);
    int epoll = epoll_create1(0);
    for (int i = 0; i < count; i++) {
        conns[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(conns[i].fd, (void *)&to, sizeof to)) fail("connect");
        all(conns[i].fd, hello, strlen(hello));
        handshake_end(conns[i].fd);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &conns[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, conns[i].fd, &event);
    }
    puts("ready");
    fflush(stdout);
    char line[128];
    while (fgets(line, sizeof line, stdin) && sscanf(line, "expect %zu", &wanted) == 1) {
        late = realloc(late, wanted * sizeof *late);
        seen = 0;
        struct epoll_event events[1024];
        while (seen < wanted) {
            int ready = epoll_wait(epoll, events, 1024, QUIET_MS);
            if (ready <= 0) break;
            for (int i = 0; i < ready; i++) take(events[i].data.ptr);
        }
        int64_t elapsed = now_ns() - first_sent;
        size_t counted = seen < wanted ? seen : wanted;
        qsort(late, counted, sizeof *late, by_size);
        int64_t p50 = counted ? late[counted / 2] : 0, p99 = counted ? late[counted * 99 / 100] : 0;
        printf("%zu %lld %lld %lld\n", seen, (long long)elapsed, (long long)p50, (long long)p99);
        fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && !strcmp(argv[1], "writer")) return writer(atoi(argv[2]), atoi(argv[3]));
    if (argc == 4 && !strcmp(argv[1], "sink")) return sink(atoi(argv[2]), atoi(argv[3]));
    fprintf(stderr, "fanout writer WATCHERS BYTES | fanout sink PORT WATCHERS\n");
    return 2;
}
