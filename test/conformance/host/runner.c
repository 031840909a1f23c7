/*
 * Executes single instructions on this machine's own processor, at CPL 3 in flat 32-bit code, and reports the state
 * after each. Built by host-cpu.ts with `gcc -m32`; README.md describes the records on standard input and output.
 *
 * One signal per case: the handler writes the outcome of the case that has ended, reads the next one, and returns into
 * it. The FPU state is loaded by an FXRSTOR in front of the instruction, so that the pointers to the last instruction
 * come from the case too; it is read from the signal frame, where the kernel has put an FXSAVE image.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <unistd.h>

#define CODE 0x10000000u
#define DATA 0x20000000u
#define STATE 0x30000000u
/* Offset of the instruction in the code page; the seven bytes before it are FXRSTOR [STATE]. */
#define ENTRY 0x100u
#define FXRSTOR_BYTES 7
#define CODE_BYTES 16
#define FXSAVE_BYTES 512
#define PAGE 0x1000u
#define MEMORY_MAX (3 * PAGE)
/* Offset 0 of the segments whose offset F000h is DATA: where an operand goes on that wraps at 64 KiB. */
#define WRAP (DATA + PAGE - 0x10000u)
#define EFLAGS_CHANGEABLE 0x240cd5u
#define TIMEOUT 0xff

struct input {
  uint8_t code[CODE_BYTES];
  uint32_t registers[8];
  uint32_t eflags;
  uint32_t fs;
  uint8_t fxsave[FXSAVE_BYTES];
} __attribute__((packed));

struct output {
  uint32_t vector;
  uint32_t error_code;
  uint32_t cr2;
  uint32_t eip;
  uint32_t registers[8];
  uint32_t eflags;
  uint8_t fxsave[FXSAVE_BYTES];
} __attribute__((packed));

/* eax, ecx, edx, ebx, esp, ebp, esi, edi */
static const int general[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI};

static size_t memory_bytes;
static volatile unsigned started;
static unsigned gs_at_start, fs_at_start;
static unsigned alarm_seen_at;

static uint8_t in_buffer[1 << 16], out_buffer[1 << 16];
static size_t in_at, in_end, out_end;

static void flush(void) {
  for (size_t at = 0; at < out_end;) {
    ssize_t n = write(1, out_buffer + at, out_end - at);
    if (n <= 0) _exit(3);
    at += n;
  }
  out_end = 0;
}

static void put(const void *bytes, size_t count) {
  if (out_end + count > sizeof out_buffer) flush();
  memcpy(out_buffer + out_end, bytes, count);
  out_end += count;
}

/* Leaves the process at the end of the input. */
static void get(void *bytes, size_t count) {
  uint8_t *to = bytes;
  while (count > 0) {
    if (in_at == in_end) {
      ssize_t n = read(0, in_buffer, sizeof in_buffer);
      if (n <= 0) {
        flush();
        _exit(n < 0 ? 3 : 0);
      }
      in_at = 0;
      in_end = n;
    }
    size_t part = count < in_end - in_at ? count : in_end - in_at;
    memcpy(to, in_buffer + in_at, part);
    in_at += part;
    to += part;
    count -= part;
  }
}

/* The pages of a case's memory, in the order of its record. */
static const uint32_t pages[3] = {DATA, DATA + PAGE, WRAP};

static size_t bytes_of_page(size_t page) {
  size_t before = page * PAGE;
  if (memory_bytes <= before) return 0;
  return memory_bytes - before < PAGE ? memory_bytes - before : PAGE;
}

static void start_next(ucontext_t *context) {
  greg_t *gregs = context->uc_mcontext.gregs;
  struct input input;
  get(&input, sizeof input);
  for (size_t n = 0; n < 3; n++) {
    size_t bytes = bytes_of_page(n);
    if (bytes == 0) continue;
    get((void *)pages[n], bytes);
    memset((void *)(pages[n] + bytes), 0, PAGE - bytes);
  }
  memcpy((void *)STATE, input.fxsave, FXSAVE_BYTES);
  memset((void *)CODE, 0xcc, PAGE);
  static const uint8_t fxrstor[FXRSTOR_BYTES] = {0x0f, 0xae, 0x0d, STATE & 0xff, STATE >> 8 & 0xff, STATE >> 16 & 0xff, STATE >> 24};
  memcpy((void *)(CODE + ENTRY - FXRSTOR_BYTES), fxrstor, FXRSTOR_BYTES);
  /* Instructions end where the filler of 0xCC begins. */
  memcpy((void *)(CODE + ENTRY), input.code, CODE_BYTES);
  for (int n = 0; n < 8; n++) gregs[general[n]] = input.registers[n];
  gregs[REG_EIP] = CODE + ENTRY - FXRSTOR_BYTES;
  gregs[REG_FS] = input.fs;
  gregs[REG_EFL] = (input.eflags & EFLAGS_CHANGEABLE) | 0x202;
  started++;
}

/* Where the FXSAVE image stands in a 32-bit signal frame: behind the FSAVE image. */
#define FRAME_FSAVE_BYTES 112

static void report(const ucontext_t *context, int vector, uint32_t cr2) {
  const greg_t *gregs = context->uc_mcontext.gregs;
  struct output output;
  output.vector = vector;
  output.error_code = gregs[REG_ERR];
  output.cr2 = cr2;
  output.eip = gregs[REG_EIP];
  for (int n = 0; n < 8; n++) output.registers[n] = gregs[general[n]];
  output.eflags = gregs[REG_EFL];
  memcpy(output.fxsave, (const uint8_t *)context->uc_mcontext.fpregs + FRAME_FSAVE_BYTES, FXSAVE_BYTES);
  put(&output, sizeof output);
  for (size_t n = 0; n < 3; n++) put((const void *)pages[n], bytes_of_page(n));
}

/* The handler begins with the flags of the case: with AC set, what the compiler makes would fault. */
__asm__(".globl on_signal\non_signal: pushfl\n andl $~0x40000, (%esp)\n popfl\n jmp handle_signal");
void on_signal(int signal, siginfo_t *info, void *raw);

__attribute__((used)) void handle_signal(int signal, siginfo_t *info, void *raw) {
  __asm__ volatile("mov %0, %%gs\n\tmov %1, %%fs" : : "r"(gs_at_start), "r"(fs_at_start));
  ucontext_t *context = raw;
  int vector = context->uc_mcontext.gregs[REG_TRAPNO];
  if (signal == SIGALRM) {
    /* A case that is still the same at the second tick does not end. */
    if (alarm_seen_at != started) {
      alarm_seen_at = started;
      return;
    }
    vector = TIMEOUT;
  }
  if (started > 0) report(context, vector, vector == 14 ? (uint32_t)info->si_addr : 0);
  start_next(context);
}

static void map(uint32_t address, size_t bytes, int protection) {
  if (mmap((void *)address, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED) {
    _exit(4);
  }
}

/* Segments of the LDT for FS: base, limit, contents (1: expand-down), 32 bits, read-only, limit in pages. */
static const uint32_t entries[][6] = {
    {WRAP, 0xffff, 0, 1, 0, 0}, {WRAP, 0xfffff, 0, 1, 0, 1}, {WRAP, 0x107ff, 0, 1, 0, 0},
    {WRAP, 0xf7ff, 1, 0, 0, 0}, {WRAP, 0xf7ff, 1, 1, 0, 0},  {WRAP, 0xffff, 0, 1, 1, 0},
};

/* runner BYTES: how many bytes of memory a case has. */
int main(int count, char **arguments) {
  /* The fixed addresses must not meet what the kernel places at random. */
  if ((personality(0xffffffff) & ADDR_NO_RANDOMIZE) == 0) {
    personality(ADDR_NO_RANDOMIZE);
    execv("/proc/self/exe", arguments);
  }
  memory_bytes = count > 1 ? strtoul(arguments[1], NULL, 10) : 512;
  if (memory_bytes > MEMORY_MAX) return 2;
  __asm__("mov %%gs, %0\n\tmov %%fs, %1" : "=r"(gs_at_start), "=r"(fs_at_start));
  map(CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  map(STATE, PAGE, PROT_READ | PROT_WRITE);
  for (size_t n = 0; n < 3; n++) {
    if (n == 0 || bytes_of_page(n) > 0) map(pages[n], PAGE, PROT_READ | PROT_WRITE);
  }
  for (unsigned n = 0; n < sizeof entries / sizeof *entries; n++) {
    const uint32_t *e = entries[n];
    struct user_desc entry = {.entry_number = n, .base_addr = e[0], .limit = e[1], .seg_32bit = e[3], .contents = e[2],
                              .read_exec_only = e[4], .limit_in_pages = e[5], .useable = 1};
    if (syscall(SYS_modify_ldt, 0x11, &entry, sizeof entry) != 0) return 5;
  }

  static uint8_t stack[1 << 16];
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigfillset(&action.sa_mask);
  static const int signals[] = {SIGTRAP, SIGFPE, SIGSEGV, SIGILL, SIGBUS, SIGALRM};
  for (size_t n = 0; n < sizeof signals / sizeof *signals; n++) sigaction(signals[n], &action, NULL);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 250000}, {0, 250000}}, NULL);
  raise(SIGTRAP);
  return 3;
}
