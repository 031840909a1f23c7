/*
 * Executes instruction sequences on this machine's own processor, at CPL 3, in flat code or in 16- and 32-bit segments
 * of an LDT, and reports the state at the first exception. Built by sequence-host.ts with `gcc -m32`; README.md
 * describes the records.
 *
 * One signal per case, as in runner.c. The program stands alone (no C library, no stack of its own once it has begun,
 * no vDSO), so that hardly anything is mapped that a wild address could hit.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>

#define CODE 0x10000000u
#define DATA 0x20000000u
#define CODE_BYTES 0x1000u
/* The third page is read-only; the next is not mapped. */
#define DATA_BYTES 0x3000u
#define CASE_CODE_BYTES 256
#define CHANGES_MAX 3072
/* FXSAVE image: up to XMM7. */
#define FPU_BYTES 288
/* Where it stands in a 32-bit signal frame: behind the FSAVE image. */
#define FRAME_FSAVE_BYTES 112
#define TIMEOUT 0xff
/* What sigreturn takes of EFLAGS. */
#define EFLAGS_CHANGEABLE 0x40dd5u

struct input {
  uint8_t code[CASE_CODE_BYTES];
  /* Offset of the code in its page. */
  uint32_t code_at;
  uint32_t registers[8];
  uint32_t eip;
  uint32_t eflags;
  /* cs, ss, ds, es, fs, gs */
  uint32_t segments[6];
  uint8_t fpu[FPU_BYTES];
} __attribute__((packed));

struct output {
  uint32_t vector, error_code, cr2, eip, registers[8], eflags, segments[6], changes;
  uint8_t fpu[FPU_BYTES];
} __attribute__((packed));

/* What the kernel takes of the FPU's state from the FSAVE image of a 32-bit frame; the rest comes from the FXSAVE image. */
struct fsave {
  uint32_t control, status, tags, fip, fcs_fop, fdp, fds;
  uint8_t registers[8][10];
} __attribute__((packed));

static const int general[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI};
static const int segment_registers[6] = {REG_CS, REG_SS, REG_DS, REG_ES, REG_FS, REG_GS};

static uint32_t image[DATA_BYTES / 4];
static uint8_t in_buffer[1 << 15], out_buffer[1 << 15];
static uint32_t in_at, in_end, out_end;
static volatile uint32_t started, alarm_seen_at;
static uint32_t written_code_at;
static uint8_t signal_stack[1 << 14] __attribute__((aligned(64)));

static int system_call(int number, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  int result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
  return result;
}

static void leave(int status) {
  system_call(SYS_exit_group, status, 0, 0, 0);
  __builtin_unreachable();
}

void *memcpy(void *to, const void *from, unsigned count) {
  void *result = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
  return result;
}

void *memset(void *to, int value, unsigned count) {
  void *result = to;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
  return result;
}

static void flush(void) {
  for (uint32_t at = 0; at < out_end;) {
    int n = system_call(SYS_write, 1, (uint32_t)(out_buffer + at), out_end - at, 0);
    if (n <= 0) leave(3);
    at += n;
  }
  out_end = 0;
}

static void put(const void *bytes, uint32_t count) {
  if (out_end + count > sizeof out_buffer) flush();
  memcpy(out_buffer + out_end, bytes, count);
  out_end += count;
}

/* Leaves the process at the end of the input. */
static void get(void *bytes, uint32_t count) {
  uint8_t *to = bytes;
  while (count > 0) {
    if (in_at == in_end) {
      int n = system_call(SYS_read, 0, (uint32_t)in_buffer, sizeof in_buffer, 0);
      if (n <= 0) {
        flush();
        leave(n < 0 ? 3 : 0);
      }
      in_at = 0;
      in_end = n;
    }
    uint32_t part = count < in_end - in_at ? count : in_end - in_at;
    memcpy(to, in_buffer + in_at, part);
    in_at += part;
    to += part;
    count -= part;
  }
}

static void load_fpu(ucontext_t *context, const uint8_t *fpu) {
  struct fsave *frame = (struct fsave *)context->uc_mcontext.fpregs;
  frame->control = fpu[0] | fpu[1] << 8;
  frame->status = fpu[2] | fpu[3] << 8;
  memcpy(&frame->fip, fpu + 8, 4);
  frame->fcs_fop = (uint32_t)(fpu[6] | fpu[7] << 8) << 16;
  memcpy(&frame->fdp, fpu + 16, 4);
  frame->tags = 0;
  for (int n = 0; n < 8; n++) {
    if ((fpu[4] >> n & 1) == 0) frame->tags |= 3 << n * 2;
    memcpy(frame->registers[n], fpu + 32 + n * 16, 10);
  }
  memcpy((uint8_t *)frame + FRAME_FSAVE_BYTES, fpu, FPU_BYTES);
}

static void start_next(ucontext_t *context) {
  greg_t *gregs = context->uc_mcontext.gregs;
  struct input input;
  get(&input, sizeof input);
  memcpy((void *)(CODE + input.code_at), input.code, CASE_CODE_BYTES);
  written_code_at = input.code_at;
  for (int n = 0; n < 8; n++) gregs[general[n]] = input.registers[n];
  for (int n = 0; n < 6; n++) gregs[segment_registers[n]] = input.segments[n];
  gregs[REG_UESP] = gregs[REG_ESP];
  gregs[REG_EIP] = input.eip;
  gregs[REG_EFL] = (input.eflags & EFLAGS_CHANGEABLE) | 0x202;
  load_fpu(context, input.fpu);
  started++;
}

/* The dwords of memory that are not what they were, which are put back. */
static uint32_t restore(uint32_t (*changes)[2]) {
  uint32_t count = 0;
  volatile uint32_t *data = (uint32_t *)DATA;
  for (uint32_t n = 0; n < (DATA_BYTES - 0x1000) / 4; n++) {
    if (data[n] == image[n]) continue;
    if (count < CHANGES_MAX) {
      changes[count][0] = DATA + n * 4;
      changes[count][1] = data[n];
    }
    count++;
    data[n] = image[n];
  }
  uint32_t *code = (uint32_t *)CODE;
  for (uint32_t n = 0; n < CODE_BYTES / 4; n++) {
    uint32_t at = n * 4;
    if (at >= written_code_at && at < written_code_at + CASE_CODE_BYTES) continue;
    if (code[n] == 0xcccccccc) continue;
    if (count < CHANGES_MAX) {
      changes[count][0] = CODE + at;
      changes[count][1] = code[n];
    }
    count++;
    code[n] = 0xcccccccc;
  }
  return count < CHANGES_MAX ? count : CHANGES_MAX;
}

static void report(const ucontext_t *context, uint32_t vector, uint32_t cr2) {
  static uint32_t changes[CHANGES_MAX][2];
  const greg_t *gregs = context->uc_mcontext.gregs;
  struct output output;
  output.vector = vector;
  output.error_code = gregs[REG_ERR];
  output.cr2 = cr2;
  output.eip = gregs[REG_EIP];
  for (int n = 0; n < 8; n++) output.registers[n] = gregs[general[n]];
  output.eflags = gregs[REG_EFL];
  for (int n = 0; n < 6; n++) output.segments[n] = gregs[segment_registers[n]] & 0xffff;
  memcpy(output.fpu, (const uint8_t *)context->uc_mcontext.fpregs + FRAME_FSAVE_BYTES, FPU_BYTES);
  output.changes = restore(changes);
  put(&output, sizeof output);
  put((const void *)(CODE + written_code_at), CASE_CODE_BYTES);
  put(changes, output.changes * 8);
  memset((void *)(CODE + written_code_at), 0xcc, CASE_CODE_BYTES);
}

/* The handler begins with the flags of the case, AC included; sigreturn keeps NT and ID from here. */
__asm__(".globl on_signal\non_signal: pushfl\n andl $~0x244000, (%esp)\n popfl\n jmp handle_signal");
void on_signal(int, siginfo_t *, void *);

__attribute__((used)) void handle_signal(int signal, siginfo_t *info, void *raw) {
  ucontext_t *context = raw;
  uint32_t vector = context->uc_mcontext.gregs[REG_TRAPNO];
  if (signal == SIGVTALRM) {
    /* A case that is still the same at the second tick does not end. */
    if (alarm_seen_at != started) {
      alarm_seen_at = started;
      return;
    }
    vector = TIMEOUT;
  }
  if (started == 0) {
    /* The process's first stack, the vDSO and its data: a megabyte at a time, since the kernel may insist on some. */
    for (uint32_t at = 0x70000000; at < 0xfff00000; at += 0x100000) system_call(SYS_munmap, at, 0x100000, 0, 0);
    system_call(SYS_munmap, 0xfff00000, 0xfe000, 0, 0);
  }
  if (started > 0) report(context, vector, vector == 14 ? (uint32_t)info->si_addr : 0);
  start_next(context);
}

static void map(uint32_t address, uint32_t bytes, int protection) {
  uint32_t arguments[6] = {address, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0};
  if ((uint32_t)system_call(SYS_mmap, (uint32_t)arguments, 0, 0, 0) != address) leave(4);
}

/* base, limit, contents (0 data, 1 expand-down, 2 code), 32 bits, read or execute only, in pages, not present */
static const uint32_t entries[][7] = {
    {DATA, 0x1fff, 0, 1, 0, 0, 0}, {DATA, 0x1fff, 0, 1, 1, 0, 0}, {DATA, 0x7ff, 1, 1, 0, 0, 0},
    {CODE, 0xfff, 2, 0, 0, 0, 0},  {CODE, 0xfff, 2, 1, 1, 0, 0},  {CODE, 0xfff, 2, 1, 0, 0, 0},
    {DATA, 0x1fff, 0, 0, 0, 0, 0}, {DATA, 0x1fff, 0, 1, 0, 0, 1}, {DATA, 1, 0, 1, 0, 1, 0},
    {DATA, 0x7ff, 1, 0, 0, 0, 0},  {DATA, 0xffff, 0, 0, 0, 0, 0}, {CODE, 0xfff, 2, 0, 1, 0, 0},
    {CODE, 0x2ff, 2, 0, 0, 0, 0},  {DATA, 1, 1, 1, 0, 1, 0},
};

struct kernel_sigaction {
  void *handler;
  uint32_t flags;
  void *restorer;
  uint32_t mask[2];
};

__asm__(".globl restorer\nrestorer: mov $173, %eax\n int $0x80");
void restorer(void);

__asm__(".globl _start\n_start: and $~15, %esp\n call begin");

__attribute__((used)) void begin(void) {
  uint32_t cpu[2] = {1, 0};
  system_call(SYS_sched_setaffinity, 0, sizeof cpu, (uint32_t)cpu, 0);
  map(CODE, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
  map(DATA, DATA_BYTES, PROT_READ | PROT_WRITE);
  memset((void *)CODE, 0xcc, CODE_BYTES);
  for (uint32_t n = 0; n < sizeof entries / sizeof *entries; n++) {
    const uint32_t *e = entries[n];
    struct user_desc entry = {.entry_number = n, .base_addr = e[0], .limit = e[1], .seg_32bit = e[3], .contents = e[2],
                              .read_exec_only = e[4], .limit_in_pages = e[5], .seg_not_present = e[6], .useable = 1};
    if (system_call(SYS_modify_ldt, 0x11, (uint32_t)&entry, sizeof entry, 0) != 0) leave(5);
  }
  stack_t alternate = {.ss_sp = signal_stack, .ss_flags = 1u << 31 /* SS_AUTODISARM */, .ss_size = sizeof signal_stack};
  if (system_call(SYS_sigaltstack, (uint32_t)&alternate, 0, 0, 0) != 0) leave(6);
  static const int signals[] = {SIGTRAP, SIGFPE, SIGSEGV, SIGILL, SIGBUS, SIGVTALRM};
  struct kernel_sigaction action = {on_signal, SA_SIGINFO | SA_ONSTACK | 0x04000000 /* SA_RESTORER */, restorer, {-1, -1}};
  for (uint32_t n = 0; n < sizeof signals / sizeof *signals; n++) {
    if (system_call(SYS_rt_sigaction, signals[n], (uint32_t)&action, 0, 8) != 0) leave(7);
  }
  get(image, sizeof image);
  memcpy((void *)DATA, image, sizeof image);
  system_call(SYS_mprotect, DATA + 0x2000, 0x1000, PROT_READ, 0);
  uint32_t timer[4] = {0, 250000, 0, 250000};
  /* Processor time: a busy machine does not count. */
  system_call(SYS_setitimer, 1, (uint32_t)timer, 0, 0);
  __asm__ volatile("int3");
  leave(3);
}
