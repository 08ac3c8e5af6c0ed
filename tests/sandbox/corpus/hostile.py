"""Programs that reach for what is not theirs. Each defines `f()`, which says "REACHED" where it got there.

`{port}`, `{folder}`, `{bait}` stand for a listener of the host, a folder with a file, and a process of this user. What a
program here may end as is anything but a run in which it reached its aim; `running` looks at the host besides.
"""

from typing import NamedTuple

PRELUDE = """
import os, sys, time
def tried(*steps):
    for step in steps:
        try:
            if step() not in (False, None):
                return "REACHED"
        except Exception:
            continue
    return "refused"
def call(number, *arguments):
    import ctypes
    return ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) >= 0
"""


class Hostile(NamedTuple):
    """A program. `source` is whole; `stdin` is not None where it runs as a script; `slow` may use its whole limit."""

    kind: str
    name: str
    source: str
    slow: bool = False
    stdin: str | None = None


def _steps(kind: str, **steps: str) -> list[Hostile]:
    """Programs that try one step each."""
    return [
        Hostile(kind, name.replace("_", " "), f"{PRELUDE}def f(): return tried(lambda: {step})\n")
        for name, step in steps.items()
    ]


def _whole(kind: str, *, slow: bool = False, **sources: str) -> list[Hostile]:
    return [Hostile(kind, name.replace("_", " "), PRELUDE + source + "\n", slow) for name, source in sources.items()]


def _calls(kind: str, **calls: str) -> list[Hostile]:
    """Programs that make one bare system call each (numbers of x86-64)."""
    return _steps(kind, **{name: f"call({arguments})" for name, arguments in calls.items()})


NETWORK = _steps(
    "network",
    connect_to_a_listener_of_the_host="__import__('socket').create_connection(('127.0.0.1', {port}), 1)",
    connect_by_name="__import__('socket').create_connection(('localhost', {port}), 1)",
    datagram="__import__('socket').socket(2, 2).sendto(b'x', ('127.0.0.1', {port}))",
    listen="__import__('socket').create_server(('127.0.0.1', 0))",
    raw_socket="__import__('socket').socket(2, 3, 1)",
    abstract_socket="__import__('socket').socket(1, 1).connect('\\0{abstract}')",
    named_socket="__import__('socket').socket(1, 1).connect('{folder}/socket')",
    resolve_a_name="__import__('socket').getaddrinfo('example.org', 80)",
    fetch_a_page="__import__('urllib.request').request.urlopen('http://127.0.0.1:{port}/', timeout=1)",
    packet_socket="__import__('socket').socket(17, 3, 0)",
    netlink="__import__('socket').socket(16, 3, 0).bind((0, 0))",
    version_six="__import__('socket').create_connection(('::1', {port}), 1)",
    vsock="__import__('socket').socket(40, 1).connect((2, 1))",
) + _calls("network", bare_socket_call="41, 2, 1, 0", bare_socketpair_of_internet="53, 2, 1, 0, None")

FILES = _steps(
    "files",
    read_the_password_file="open('/etc/passwd').read()",
    read_the_shadow_file="open('/etc/shadow').read()",
    read_the_bait="open('{folder}/secret').read()",
    read_own_memory="open('/proc/self/mem', 'rb').read(1)",
    read_own_environment="open('/proc/self/environ').read()",
    read_the_first_process="open('/proc/1/environ').read()",
    read_the_command_line="open('/proc/1/cmdline').read()",
    list_processes="[name for name in os.listdir('/proc') if name.isdigit()]",
    read_the_kernel="os.listdir('/sys/kernel')",
    read_a_shell_history="open(os.path.expanduser('~root/.bashrc')).read()",
    list_the_temporary_folder="os.listdir('/tmp')",
    read_a_disk="open('/dev/vda', 'rb').read(1)",
    read_kernel_memory="open('/dev/mem', 'rb').read(1)",
    open_the_terminal="open('/dev/tty', 'w').write('x')",
    open_the_hypervisor="os.open('/dev/kvm', os.O_RDWR)",
    write_beside_the_bait="open('{folder}/new', 'w').write('x')",
    write_to_the_temporary_folder="open('/tmp/etude-hostile', 'w').write('x')",
    write_to_the_libraries="open('/usr/lib/etude-hostile', 'w').write('x')",
    write_to_the_interpreter="open(os.__file__, 'a').write('x')",
    write_to_the_root="open('/etude-hostile', 'w').write('x')",
    write_to_shared_memory="open('/dev/shm/etude-hostile', 'w').write('x')",
    remove_the_bait="os.unlink('{folder}/secret') is None",
    rename_the_bait="os.rename('{folder}/secret', '{folder}/other') is None",
    link_the_bait="os.link('{folder}/secret', 'linked') is None",
    read_through_a_link="(os.symlink('{folder}/secret', 'link'), open('link').read())",
    climb_out_by_dots="open('../' * 20 + 'etc/passwd').read()",
    climb_by_a_descriptor="[os.open('etc/passwd', os.O_RDONLY, dir_fd=fd) for fd in range(3, 64)]",
    change_root="os.chroot('.') is None",
    make_a_device="os.mknod('device', 0o20600, os.makedev(1, 1)) is None",
    set_an_attribute="os.setxattr('.', 'user.x', b'x') is None",
    truncate_the_bait="os.truncate('{folder}/secret', 0) is None",
    change_the_bait_s_mode="(os.chmod('{folder}/secret', 0o777), os.stat('{folder}/secret').st_mode & 0o777 == 0o777)[1]",
    touch_the_bait="(os.utime('{folder}/secret', (0, 0)), os.stat('{folder}/secret').st_mtime == 0)[1]",
    mount_proc="__import__('ctypes').CDLL(None).mount(b'proc', b'.', b'proc', 0, None) == 0",
    remount_writable="__import__('ctypes').CDLL(None).mount(b'none', b'/', None, 4128, None) == 0",
    unmount_scratch="__import__('ctypes').CDLL(None).umount2(os.getcwd().encode(), 2) == 0",
)

PROCESSES = _steps(
    "processes",
    fork="os.fork() >= 0",
    fork_a_terminal="os.forkpty()",
    spawn="__import__('subprocess').run(['/bin/sh', '-c', 'echo']).returncode == 0",
    spawn_python="__import__('subprocess').run([sys.executable, '-c', 'pass']).returncode == 0",
    shell="os.system('true') == 0",
    process_pool="__import__('multiprocessing').Process(target=print).start() is None",
    spawned_process="__import__('multiprocessing').get_context('spawn').Process(target=print).start() is None",
    posix_spawn="os.posix_spawn('/bin/true', ['true'], dict()) > 0",
    bare_fork="__import__('ctypes').CDLL(None).fork() >= 0",
    bare_vfork="call(58)",
    bare_clone="call(56, 17, 0, 0, 0, 0)",
    clone_with_shared_memory="call(56, 0x100 | 17, 0, 0, 0, 0)",
    clone_into_a_user_namespace="call(56, 0x10000000 | 17, 0, 0, 0, 0)",
    clone_into_a_process_namespace="call(56, 0x20000000 | 17, 0, 0, 0, 0)",
    clone_three="call(435, bytes([0]) * 88, 88)",
    kill_the_bait="os.kill({bait}, 9) is None",
    stop_the_bait="os.kill({bait}, 19) is None",
    descriptor_of_the_bait="os.pidfd_open({bait}) >= 0",
    trace_the_bait="__import__('ctypes').CDLL(None).ptrace(16, {bait}, 0, 0) == 0",
    look_into_the_bait="call(310, {bait}, None, 0, None, 0, 0)",
    slow_the_bait="os.setpriority(os.PRIO_PROCESS, {bait}, 19) is None",
    pin_the_bait="os.sched_setaffinity({bait}, [0]) is None",
    limit_the_bait="__import__('resource').prlimit({bait}, 7, (1, 1))",
) + _whole(
    "processes",
    kill_the_parent="def f():\n    try: os.kill(os.getppid(), 9)\n    except OSError: pass\n    return 'refused'",
    kill_the_group="def f():\n    try: os.kill(0, 9)\n    except OSError: pass\n    return 'refused'",
    kill_everyone="def f():\n    try: os.kill(-1, 9)\n    except OSError: pass\n    return 'refused'",
    kill_every_number="def f():\n    for n in range(1, 40000):\n        try: os.kill(n, 9)\n        except OSError: pass\n    return 'refused'",
    kill_by_a_thread_s_number="def f():\n    for n in range(1, 5000): call(200, n, 9)\n    return 'refused'",
    signal_the_session="def f():\n    try: os.killpg(os.getpgid(0), 9)\n    except OSError: pass\n    return 'refused'",
    fork_bomb="def f():\n    while True:\n        try: os.fork()\n        except OSError: return 'refused'",
    daemon="def f():\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(1)\n        open('{folder}/daemon', 'w')\n        os._exit(0)\n    return 'REACHED'",
    thread_bomb="import threading\ndef f():\n    for _ in range(10000):\n        try: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n        except (RuntimeError, MemoryError): return 'refused'\n    return 'REACHED'",
    outlive_the_zygote="def f():\n    import ctypes\n    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)\n    return 'refused'",
)

MEMORY = _whole(
    "memory",
    one_large_string="def f(): return len('x' * (8 << 30)) and 'REACHED'",
    one_large_list="def f(): return len([0] * (1 << 30)) and 'REACHED'",
    many_small_objects="def f():\n    kept = []\n    while True: kept.append([len(kept)])",
    a_dictionary_that_grows="def f():\n    kept = {}\n    while True: kept[len(kept)] = str(len(kept)) * 50",
    swallowing_the_error="def f():\n    kept = []\n    for _ in range(200):\n        try: kept.append(bytearray(64 << 20))\n        except MemoryError: pass\n    return 'REACHED' if len(kept) > 20 else 'refused'",
    anonymous_memory="import mmap\ndef f(): return tried(lambda: mmap.mmap(-1, 8 << 30))",
    shared_memory="import mmap\ndef f(): return tried(lambda: mmap.mmap(-1, 8 << 30, flags=mmap.MAP_SHARED))",
    memory_file="def f(): return tried(lambda: os.memfd_create('x'))",
    many_pipes="def f():\n    try:\n        for _ in range(1000): os.pipe()\n    except OSError: return 'refused'\n    return 'REACHED'",
    locked_memory="def f(): return tried(lambda: call(151, 3))",
    raising_its_own_limits="import resource\ndef f(): return tried(*[lambda k=k: resource.setrlimit(k, (-1, -1)) is None for k in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE)])",
    segments_of_shared_memory="def f(): return tried(lambda: call(29, 0, 4096, 0o1600))",
    a_large_power="def f(): return len(str(10 ** (10 ** 9))) and 'REACHED'",
    a_deep_copy_of_itself="import copy\ndef f():\n    kept = [0]\n    while True: kept = [kept, copy.deepcopy(kept)]",
    compressed_bomb="import zlib\ndef f(): return len(zlib.decompress(zlib.compress(b'0' * (200 << 20)) * 1, 15, 4 << 30) * 40) and 'REACHED'",
    generators_without_end="def f(): return list(iter(int, 1))",
)

TIME = _whole(
    "time",
    slow=True,
    busy="def f():\n    while True: pass",
    asleep="def f(): time.sleep(1000)",
    asleep_in_pieces="def f():\n    while True: time.sleep(0.01)",
    ignoring_signals="import signal\ndef f():\n    for n in range(1, 65):\n        try: signal.signal(n, signal.SIG_IGN)\n        except (OSError, ValueError): pass\n    while True: pass",
    blocking_signals="import signal\ndef f():\n    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    while True: pass",
    swallowing_everything="def f():\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    stuck_in_a_power="def f(): return pow(3, 10 ** 9)",
    stuck_in_a_sum="def f(): return sum(range(10 ** 15))",
    stuck_in_a_product="import itertools\ndef f(): return sum(1 for _ in itertools.product(range(100), repeat=20))",
    stuck_in_a_regular_expression="import re\ndef f(): return re.match('(a+)+$', 'a' * 60 + 'b')",
    stuck_in_a_sort="def f(): return sorted(range(10 ** 7), key=lambda x: sum(range(x)))",
    hang_at_exit="import atexit\ndef f(): return 1\natexit.register(time.sleep, 1000)\ntime.sleep(1000)",
    hang_in_a_thread="import threading\ndef f():\n    threading.Thread(target=time.sleep, args=(1000,)).start()\n    time.sleep(1000)",
    hang_in_a_destructor="class Slow:\n    def __del__(self): time.sleep(1000)\ndef f():\n    Slow()\n    return 'refused'",
    hang_while_printed="class Slow:\n    def __repr__(self): time.sleep(1000)\n    __str__ = __repr__\ndef f(): raise ValueError(Slow())",
    waiting_for_input="import threading\ndef f(): threading.Event().wait()",
    a_lock_twice="import threading\ndef f():\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()",
    closing_its_answers="def f():\n    os.close(3)\n    while True: pass",
    stopping_itself="import signal\ndef f():\n    os.kill(os.getpid(), signal.SIGSTOP)\n    time.sleep(1000)",
    busy_threads="import threading\ndef f():\n    def spin():\n        while True: pass\n    [threading.Thread(target=spin, daemon=True).start() for _ in range(4)]\n    spin()",
)

OUTPUT = _whole(
    "output",
    slow=True,
    a_gigabyte_printed="def f():\n    for _ in range(1000): print('x' * (1 << 20))\n    return 'REACHED'",
    a_gigabyte_by_descriptor="def f():\n    for _ in range(1000): os.write(1, b'x' * (1 << 20))\n    return 'REACHED'",
    a_gigabyte_of_errors="def f():\n    for _ in range(1000): sys.stderr.write('x' * (1 << 20))\n    return 'REACHED'",
    a_gigabyte_among_the_answers="def f():\n    for _ in range(1000): os.write(3, b'x' * (1 << 20))\n    return 'REACHED'",
    a_file_of_a_gigabyte="def f():\n    with open('big', 'wb') as file:\n        for _ in range(1000): file.write(b'x' * (1 << 20))\n    return 'REACHED'",
    a_sparse_file="def f():\n    os.truncate(os.open('sparse', os.O_CREAT | os.O_RDWR), 1 << 40)\n    return 'REACHED'",
    a_large_answer="def f(): return ['x' * 1000] * 500_000",
    a_long_traceback="def f(n=0): return f(n + 1)",
    a_long_message="def f(): raise ValueError('x' * (100 << 20))",
    binary_noise="def f():\n    os.write(1, os.urandom(1 << 20))\n    return 'refused'",
    many_files="def f():\n    for n in range(10 ** 6): open(str(n), 'w').close()\n    return 'REACHED'",
    many_folders_deep="def f():\n    for _ in range(10 ** 6):\n        os.mkdir('d')\n        os.chdir('d')\n    return 'REACHED'",
    seeking_far="def f():\n    os.lseek(1, 1 << 40, 0)\n    os.write(1, b'x')\n    return 'REACHED'",
)

CRASHES = _whole(
    "crashes",
    deep_recursion="import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): return f()",
    recursion_in_c="def f():\n    import sys\n    sys.setrecursionlimit(10 ** 9)\n    x = []\n    for _ in range(10 ** 6): x = [x]\n    return repr(x)",
    null_pointer="import ctypes\ndef f(): return ctypes.string_at(0)",
    abort="def f(): os.abort()",
    kill_itself="def f(): os.kill(os.getpid(), 9)",
    segmentation_signal="def f(): os.kill(os.getpid(), 11)",
    corrupt_the_heap="import ctypes\ndef f():\n    ctypes.memset(id(f), 255, 4096)\n    return f()",
    corrupt_a_number="import ctypes\ndef f():\n    ctypes.memset(id(1) + 16, 7, 8)\n    return 1",
    wild_code="def f():\n    f.__code__ = f.__code__.replace(co_code=bytes(200), co_stacksize=0)\n    return f()",
    unload_modules="def f():\n    sys.modules.clear()\n    return 'refused'",
    close_everything="def f():\n    os.closerange(0, 64)\n    return 'refused'",
    free_twice="import ctypes\ndef f():\n    lib = ctypes.CDLL(None)\n    lib.free(ctypes.c_void_p(8))",
    exit_in_a_thread="import threading\ndef f():\n    threading.Thread(target=os._exit, args=(0,)).start()\n    time.sleep(5)",
)

KERNEL = _calls(
    "kernel",
    unshare="272, 0x10000000",
    enter_a_namespace="308, 0, 0",
    io_uring="425, 1, bytes([0]) * 120",
    io_uring_register="427, 0, 0, 0, 0",
    packet_filter="321, 0, bytes([0]) * 72, 72",
    performance_counters="298, bytes([0]) * 112, 0, -1, -1, 0",
    user_fault="323, 0",
    key_ring="250, 0, 0",
    add_a_key="248, b'user', b'x', b'x', 1, -3",
    request_a_key="249, b'user', b'x', 0, 0",
    open_by_handle="304, 0, bytes([0]) * 16, 0",
    name_to_handle="303, -100, b'.', bytes([0]) * 136, bytes([0]) * 4, 0",
    load_a_module="175, 0, 0, b''",
    load_a_module_from_a_file="313, 0, b'', 0",
    unload_a_module="176, b'x', 0",
    new_kernel="246, 0, 0, 0, 0",
    reboot="169, 0xfee1dead, 672274793, 0x89abcdef, 0",
    swap="167, b'/dev/vda', 0",
    personality="135, 0x0400000",
    copy_a_descriptor="438, 0, 0, 0",
    attributes_of_a_mount="442, -100, b'/', 0, bytes([0]) * 32, 32",
    new_root="155, b'.', b'.'",
    open_a_tree="428, -100, b'/', 1",
    new_file_system="430, b'proc', 0",
    set_the_clock="227, 0, bytes([0]) * 16",
    adjust_the_clock="159, bytes([1, 0, 0, 0]) + bytes([0]) * 204",
    kernel_log="103, 3, bytes([0]) * 100, 100",
    disk_quota="179, 0, 0, 0, 0",
    watch_files="300, 0, 0",
    secret_memory="447, 0",
    other_architecture_s_calls="0x40000000 + 39",
    scheduling="144, 0, 1, bytes([1, 0, 0, 0])",
    pin_to_a_processor="203, 0, 8, bytes([1]) + bytes([0]) * 7",
    name_of_the_host="170, b'x', 1",
    domain="171, b'x', 1",
    message_queue="240, b'x', 0o102, 0o600, 0",
    semaphores="64, 0, 1, 0o1600",
    move_pages="279, 0, 0, 0, 0, 0, 0",
    input_and_output_ports="172, 3",
    handle_of_a_process="434, 1, 0",
    compare_processes="312, 1, 1, 0, 0, 0",
    execute="59, b'/bin/true', 0, 0",
    execute_by_descriptor="322, -100, b'/bin/true', 0, 0, 0",
    accounting="163, b'/tmp/x'",
    become_another_user="105, 0 if os.getuid() else 12345",
)

LEFTOVERS = _whole(
    "leftovers",
    a_file="def f():\n    open('left', 'w').write('x')\n    return 'refused'",
    a_locked_folder="def f():\n    os.makedirs('a/b')\n    os.chmod('a', 0)\n    return 'refused'",
    a_locked_scratch_folder="def f():\n    os.chmod('.', 0)\n    return 'refused'",
    a_pipe_and_links="def f():\n    try: os.mkfifo('pipe')\n    except OSError: pass\n    os.symlink('/', 'root')\n    return 'refused'",
    odd_names="def f():\n    open(b'\\xff\\n', 'w')\n    open('-rf', 'w')\n    return 'refused'",
    an_old_time="def f():\n    os.utime('.', (0, 0))\n    return 'refused'",
    moved_files="def f():\n    for fd in (0, 1, 2, 3):\n        os.lseek(fd, 1 << 20, 0)\n    return 'refused'",
    appending_files="import fcntl\ndef f():\n    for fd in (0, 1, 2, 3): fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK)\n    return 'refused'",
    locked_files="import fcntl\ndef f():\n    for fd in (0, 1, 2, 3): fcntl.flock(fd, fcntl.LOCK_EX)\n    return 'refused'",
    sealed_files="import fcntl\ndef f():\n    for fd in (0, 1, 2, 3):\n        try: fcntl.fcntl(fd, 1033, 15)\n        except OSError: pass\n    return 'refused'",
    leased_files="import fcntl\ndef f():\n    for fd in (0, 1, 2, 3):\n        try: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)\n        except OSError: pass\n    return 'refused'",
    grown_input="def f():\n    try: os.truncate(0, 1 << 20)\n    except OSError: pass\n    return 'refused'",
    changed_modules="import json, random\ndef f():\n    random.random = lambda: 0.5\n    sys.modules['math'] = None\n    os.listdir = None\n    return 'refused'",
    changed_environment="def f():\n    os.environ['LEFT'] = 'x'\n    os.umask(0o777)\n    os.chdir('/')\n    return 'refused'",
    earlier_programs_in_the_heap="import gc\nMARK = 'x' + 'y' * 3\ndef f():\n    found = [o for o in gc.get_objects() if isinstance(o, dict) and 'SECRET_OF_ANOTHER' in o]\n    return 'REACHED' if found else 'refused'",
    the_job_s_file="def f(): return tried(lambda: os.pread(5, 100, 0), lambda: os.pread(4, 100, 0))",
    control_socket="def f(): return tried(*[lambda fd=fd: os.write(fd, b'x') for fd in range(4, 64)])",
)

CORPUS = [*NETWORK, *FILES, *PROCESSES, *MEMORY, *TIME, *OUTPUT, *CRASHES, *KERNEL, *LEFTOVERS]
