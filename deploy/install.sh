#!/bin/sh
# Sets filterd up on Debian 12 or 13, and takes it away again.
#
#   sh deploy/install.sh [--wheels DIR] [--web ADDRESS:PORT] [--child] [--no-start] [--lang vi|en]
#   sh deploy/install.sh --uninstall [--purge]
#
#   --wheels DIR   install from a folder of wheels (filterd's own and what it needs), without the Internet;
#                  otherwise from this checkout, and what it needs from PyPI
#   --web ADDR     switch the page on at this address; it is off otherwise
#   --child        switch the child's page on, at port 80; it is off otherwise
#   --no-start     set up, but start nothing (in a chroot, for an image)
#   --uninstall    take everything away; the state /var/lib/filterd stays, with the user who owns it
#   --purge        with --uninstall: the state, the settings and the user too
#   --lang         language of these messages; otherwise as $LANG says, else both
#
# What goes where: /opt/filterd (program), /etc/filterd (settings), /etc/systemd/system (units), /usr/local/bin/filterd
# (command line), /var/lib/filterd (state). Running it again repairs and updates; nothing is changed before it is known
# that it can work.
set -eu
umask 022

HERE=$(cd "$(dirname "$0")" && pwd)
TOP=$(dirname "$HERE")
HOME_DIR=/opt/filterd
SETTINGS=/etc/filterd/filterd.yaml
STATE=/var/lib/filterd
UNITS=/etc/systemd/system
COMMAND=/usr/local/bin/filterd
WEB_DROPIN=$UNITS/filterd-web.service.d/10-address.conf
RESOLVED=/etc/systemd/resolved.conf.d/filterd.conf
STUB=/run/systemd/resolve/stub-resolv.conf
SERVICES="filterd-presence.service filterd-child.socket filterd-child.service filterd-web.service filterd-manager.service filterd.service filterd-feed-refresh.timer filterd-feed-refresh.service"
MARK="# written by filterd's install.sh"

case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in
vi*) lang="vi" ;;
en*) lang="en" ;;
*) lang="both" ;;
esac
wheels="" web="" child=no start=yes action=install purge=no step=""

# say VIETNAMESE ENGLISH
say() {
    [ "$lang" = en ] || printf '%s\n' "$1"
    [ "$lang" = vi ] || printf '%s\n' "$2"
}

# refuse VIETNAMESE ENGLISH: before anything was changed
refuse() {
    say "filterd: không cài được: $1. Chưa có gì bị thay đổi." "filterd: cannot do it: $2. Nothing was changed." >&2
    exit 1
}

usage() {
    sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p}' "$0"
}

# ended: the last word when a step fails
ended() {
    code=$?
    [ -z "${temp:-}" ] || rm -rf "$temp"
    if [ "$code" != 0 ] && [ -n "$step" ]; then
        say "filterd: dừng giữa chừng ở bước: $step. Chạy lại lệnh này để làm tiếp, hoặc --uninstall để gỡ." \
            "filterd: stopped at this step: $step. Run it again to go on, or with --uninstall to take it away." >&2
    fi
}

while [ $# -gt 0 ]; do
    case "$1" in
    --wheels) [ $# -ge 2 ] || refuse "--wheels cần một thư mục" "--wheels needs a folder"; wheels=$2; shift ;;
    --web) [ $# -ge 2 ] || refuse "--web cần ĐỊA-CHỈ:CỔNG" "--web needs ADDRESS:PORT"; web=$2; shift ;;
    --child) child=yes ;;
    --lang) [ $# -ge 2 ] || refuse "--lang cần vi hoặc en" "--lang needs vi or en"; lang=$2; shift ;;
    --no-start) start=no ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    -h | --help) usage; exit 0 ;;
    *) refuse "không hiểu '$1' (xem --help)" "unknown option '$1' (see --help)" ;;
    esac
    shift
done
case "$lang" in vi | en | both) ;; *) lang=both; refuse "--lang cần vi hoặc en" "--lang needs vi or en" ;; esac
case "$web" in
"" | *:[0-9] | *:[0-9][0-9] | *:[0-9][0-9][0-9] | *:[0-9][0-9][0-9][0-9] | *:[0-9][0-9][0-9][0-9][0-9]) ;;
*) refuse "--web cần ĐỊA-CHỈ:CỔNG, không phải '$web'" "--web needs ADDRESS:PORT, not '$web'" ;;
esac
case "$web" in *[!0-9a-fA-F.:\[\]]*) refuse "--web cần một địa chỉ IP" "--web needs an IP address" ;; esac

[ "$(id -u)" = 0 ] || refuse "cần quyền root (sudo)" "root is needed (sudo)"
has() { command -v "$1" >/dev/null 2>&1; }
if [ "$start" = yes ] && [ ! -d /run/systemd/system ]; then
    refuse "máy này không chạy systemd (dùng --no-start trong chroot)" \
        "systemd does not run here (--no-start is for a chroot)"
fi
has systemctl || refuse "không có systemd" "there is no systemd"

# live COMMAND...: what only a running systemd can do
live() { [ "$start" = no ] || "$@"; }

# others: who else listens on port 53, except the stub of systemd-resolved; one line, empty for nobody
others() {
    for table in udp udp6 tcp tcp6; do
        [ -r "/proc/net/$table" ] || continue
        awk -v table="$table" 'NR > 1 && $2 ~ /:0035$/ && $2 !~ /^3[56]00007F:/ && (table ~ /udp/ || $4 == "0A") { print table }' \
            "/proc/net/$table"
    done | sort -u | tr '\n' ' '
}

# put SOURCE TARGET [MODE]: copy when it differs; true when it did
put() {
    cmp -s "$1" "$2" && return 1
    install -D -m "${3:-0644}" "$1" "$2.new" && mv -f "$2.new" "$2" || exit 1
}

settings() {
    cat <<'YAML'
# Settings of this box (what parents choose is not here: it is in the household). Every line may be left out.
# After a change: systemctl restart filterd.service

# whom to ask; these leave malware and adult sites out by themselves
upstreams: [udp://1.1.1.3, udp://1.0.0.3]

# where to answer is in the unit filterd.socket: systemctl edit filterd.socket

# DNS worker processes; one is enough for a family
# workers: 1

# zones that another server of the house knows
# forward_zones:
#   - {zone: school.example, to: [udp://10.0.0.1]}
YAML
}

command_line() {
    cat <<'SH'
#!/bin/sh
# filterd's command line on this box: over the box's state, as the user whose files these are
FILTERD_STATE="${FILTERD_STATE:-/var/lib/filterd}"
export FILTERD_STATE
case "$(id -u)" in
0) exec setpriv --reuid filterd --regid filterd --init-groups -- /opt/filterd/bin/filterd "$@" ;;
"$(id -u filterd)") ;;
*) [ "$FILTERD_STATE" != /var/lib/filterd ] || [ "$#" = 0 ] || echo "filterd: the box's state is for root: sudo filterd $*" >&2 ;;
esac
exec /opt/filterd/bin/filterd "$@"
SH
}

install_all() {
    # --- looks only ---------------------------------------------------------------------------------------------------
    system="" version=""
    if [ -r /etc/os-release ]; then
        # shellcheck source=/dev/null
        system=$(. /etc/os-release && echo "${ID:-}")
        # shellcheck source=/dev/null
        version=$(. /etc/os-release && echo "${VERSION_ID:-}")
    fi
    case "$system $version" in
    "debian 12" | "debian 13") ;;
    *) refuse "hệ điều hành này là '$system $version', cần Debian 12 hoặc 13" "this is '$system $version', Debian 12 or 13 is needed" ;;
    esac
    case "$(dpkg --print-architecture)" in
    amd64 | arm64) ;;
    *) refuse "cần hệ điều hành 64 bit (amd64 hoặc arm64)" "a 64-bit system is needed (amd64 or arm64)" ;;
    esac
    for file in filterd.socket filterd.service filterd-manager.service filterd-presence.service filterd-web.service \
        filterd-child.socket filterd-child.service filterd-feed-refresh.timer filterd-feed-refresh.service \
        sysusers.d/filterd.conf tmpfiles.d/filterd.conf; do
        [ -r "$TOP/systemd/$file" ] || refuse "thiếu tệp systemd/$file" "the file systemd/$file is missing"
    done
    if [ -n "$wheels" ]; then
        set -- "$wheels"/filterd-*.whl
        [ -e "$1" ] || refuse "không có filterd-*.whl trong '$wheels'" "there is no filterd-*.whl in '$wheels'"
        wheels=$(cd "$wheels" && pwd)
    else
        [ -r "$TOP/pyproject.toml" ] || refuse "không thấy mã nguồn cạnh deploy/ (dùng --wheels)" \
            "there is no source beside deploy/ (use --wheels)"
    fi
    for tool in systemd-sysusers systemd-tmpfiles setpriv awk cmp; do
        has "$tool" || refuse "thiếu lệnh $tool" "the command $tool is missing"
    done
    packages=""
    if ! has python3 || ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        packages=python3-venv
        has apt-get || refuse "thiếu python3-venv" "python3-venv is missing"
    fi
    free_kib=$(df -Pk /opt 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ "${free_kib:-999999}" -gt 300000 ] || refuse "cần 300 MB trống trong /opt" "300 MB must be free in /opt"
    if [ "$start" = yes ] && ! systemctl -q is-active filterd.socket; then
        rivals=$(others)
        if [ -n "$rivals" ]; then
            ! has ss || ss -Hlntup 'sport = :53' >&2 || :
            refuse "một chương trình khác đang dùng cổng 53 (${rivals% }); hãy dừng nó trước" \
                "another program answers at port 53 (${rivals% }); stop it first"
        fi
    fi

    # --- from here on things change -------------------------------------------------------------------------------------
    trap ended EXIT
    temp=$(mktemp -d)
    if [ -n "$packages" ]; then
        step="apt-get install $packages"
        say "Cài gói Debian: $packages" "Installing from Debian: $packages"
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null ||
            { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null; }
    fi
    python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
        { step="Python 3.11 - 3.13"; exit 1; }

    step="/opt/filterd (python3 -m venv, pip)"
    say "Cài chương trình vào $HOME_DIR" "Installing the program into $HOME_DIR"
    wanted=$(python3 -c 'import sys; print(sys.version_info[:2])')
    if [ "$("$HOME_DIR/bin/python" -c 'import sys; print(sys.version_info[:2])' 2>/dev/null)" != "$wanted" ]; then
        python3 -m venv --clear "$HOME_DIR"
    fi
    if [ -n "$wheels" ]; then
        set -- --isolated --no-index --find-links "$wheels"
        source=$(find "$wheels" -maxdepth 1 -name 'filterd-*.whl' | sort -V | tail -n 1)
    else
        # a copy: a build leaves things beside its source
        for part in filterd blocklists webui pyproject.toml README.md LICENSE; do cp -R "$TOP/$part" "$temp/"; done
        source=$temp
        set --
        [ ! -r "$TOP/.ci/requirements.lock" ] || set -- -c "$TOP/.ci/requirements.lock"
    fi
    pip() { PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore "$HOME_DIR/bin/python" -m pip --quiet "$@"; }
    again=$("$HOME_DIR/bin/python" -c 'import importlib.util as u; print(u.find_spec("filterd") is not None)')
    pip install "$@" "$source"
    [ "$again" = False ] || pip install "$@" --force-reinstall --no-deps "$source"  # the same version, but newer files
    "$HOME_DIR/bin/filterd" --version >/dev/null

    step="$COMMAND"
    command_line >"$temp/filterd.sh"
    put "$temp/filterd.sh" "$COMMAND" 0755 || :

    step="sysusers.d, tmpfiles.d"
    put "$TOP/systemd/sysusers.d/filterd.conf" /etc/sysusers.d/filterd.conf || :
    put "$TOP/systemd/tmpfiles.d/filterd.conf" /etc/tmpfiles.d/filterd.conf || :
    systemd-sysusers /etc/sysusers.d/filterd.conf
    systemd-tmpfiles --create /etc/tmpfiles.d/filterd.conf || [ "$start" = no ]  # a chroot has no /proc; the next start does it

    step="$SETTINGS"
    install -d -m 0755 /etc/filterd
    settings >"$temp/filterd.yaml"
    if [ -e "$SETTINGS" ]; then
        cmp -s "$temp/filterd.yaml" "$SETTINGS" || say "Giữ nguyên $SETTINGS của bạn" "Your $SETTINGS stays as it is"
    else
        put "$temp/filterd.yaml" "$SETTINGS"
    fi

    step="systemd"
    new_socket=no
    put "$TOP/systemd/filterd.socket" "$UNITS/filterd.socket" && new_socket=yes
    for unit in $SERVICES; do put "$TOP/systemd/$unit" "$UNITS/$unit" || :; done
    if [ -n "$web" ]; then
        printf '%s\n[Service]\nEnvironment=FILTERD_WEB=%s\n' "$MARK" "$web" >"$temp/web.conf"
        put "$temp/web.conf" "$WEB_DROPIN" || :
    fi
    live systemctl daemon-reload
    systemctl -q enable filterd.socket filterd.service filterd-manager.service filterd-presence.service
    [ -z "$web" ] || systemctl -q enable filterd-web.service
    [ "$child" = no ] || systemctl -q enable filterd-child.socket

    step="systemd-resolved"
    free_port_53

    if [ "$start" = yes ]; then
        step="systemctl start"
        say "Khởi động" "Starting"
        if [ "$new_socket" = yes ] && systemctl -q is-active filterd.socket; then
            systemctl stop filterd.service filterd.socket
        fi
        systemctl start filterd.socket
        failed=""
        ! systemctl -q is-active filterd-child.socket || systemctl stop filterd-child.service
        for unit in filterd.service filterd-manager.service filterd-presence.service filterd-web.service filterd-child.socket; do
            if systemctl -q is-enabled "$unit"; then start_unit "$unit" || failed="$failed $unit"; fi
        done
        step="${failed:+systemctl start$failed}"
        [ -z "$failed" ] || exit 1
        say "Xong. Hộp đang trả lời DNS ở cổng 53. Hãy đặt địa chỉ máy này làm DNS trong bộ định tuyến." \
            "Done. The box answers DNS at port 53. Set this machine's address as the DNS server in your router."
        say "Xem: sudo filterd log --follow" "Look: sudo filterd log --follow"
    else
        step=""
        say "Xong. Hộp sẽ chạy khi máy khởi động." "Done. The box runs from the next start of the machine on."
    fi
}

# start_unit UNIT: start it anew; true when it has said that it works, else its last words are shown
start_unit() {
    systemctl restart "$1" && return 0
    journalctl -u "$1" -n 20 --no-pager -o cat >&2
    return 1
}

# systemd-resolved holds 127.0.0.53:53, and so the port: its stub is switched off, resolv.conf leads past it
free_port_53() {
    [ -e /lib/systemd/systemd-resolved ] || [ -e /usr/lib/systemd/systemd-resolved ] || return 0
    printf '%s\n[Resolve]\nDNSStubListener=no\n' "$MARK" >"$temp/resolved.conf"
    if put "$temp/resolved.conf" "$RESOLVED"; then
        say "Cổng 53: tắt cổng phụ 127.0.0.53 của systemd-resolved ($RESOLVED)" \
            "Port 53: switched the stub 127.0.0.53 of systemd-resolved off ($RESOLVED)"
        if [ "$(readlink -f /etc/resolv.conf)" = "$STUB" ]; then
            ln -sfn /run/systemd/resolve/resolv.conf /etc/resolv.conf
        fi
        [ "$start" = no ] || systemctl try-restart systemd-resolved.service
    fi
}

uninstall_all() {
    trap ended EXIT
    step="systemctl stop, disable"
    say "Dừng và gỡ" "Stopping and taking away"
    for unit in filterd.socket $SERVICES; do
        if [ -e "$UNITS/$unit" ]; then
            live systemctl -q stop "$unit"
            systemctl -q disable "$unit"
            rm -f "$UNITS/$unit"
        fi
    done
    step="files"
    if [ -e "$WEB_DROPIN" ]; then
        rm -f "$WEB_DROPIN"
        rmdir "${WEB_DROPIN%/*}" 2>/dev/null || :
    fi
    rm -f /etc/sysusers.d/filterd.conf /etc/tmpfiles.d/filterd.conf "$COMMAND"
    rm -rf "$HOME_DIR" /run/filterd
    rm -f "$STATE/run-folder" /var/lib/systemd/timers/stamp-filterd-feed-refresh.timer
    if [ -e "$RESOLVED" ]; then
        rm -f "$RESOLVED"
        rmdir "${RESOLVED%/*}" 2>/dev/null || :
        if [ "$(readlink /etc/resolv.conf)" = /run/systemd/resolve/resolv.conf ]; then ln -sfn "$STUB" /etc/resolv.conf; fi
        live systemctl try-restart systemd-resolved.service
        say "Đã bật lại cổng phụ của systemd-resolved" "The stub of systemd-resolved is on again"
    fi
    if [ "$purge" = yes ]; then
        rm -rf /etc/filterd "$STATE"
        for unit in filterd.socket $SERVICES; do rm -rf "$UNITS/$unit.d"; done
        users="filterd-presence filterd"
        # an office's feed and keys are no state of this box: without them every box of the province would have to be set up anew
        if [ -e /etc/filterd-feed ] || [ -e /var/lib/filterd-feed ]; then
            say "Giữ lại nguồn tin và khóa của cơ quan: /var/lib/filterd-feed, /etc/filterd-feed" \
                "The office's feed and keys stay: /var/lib/filterd-feed, /etc/filterd-feed"
        else
            users="$users filterd-feed"
        fi
        for user in $users; do ! id -u "$user" >/dev/null 2>&1 || userdel "$user"; done
    else
        if [ -e "$SETTINGS" ]; then
            if settings | cmp -s - "$SETTINGS"; then
                rm -f "$SETTINGS"
            else
                say "Giữ lại cài đặt bạn đã sửa: $SETTINGS" "Your own settings stay: $SETTINGS"
            fi
        fi
        rmdir /etc/filterd 2>/dev/null || :
        for unit in filterd.socket $SERVICES; do
            [ ! -d "$UNITS/$unit.d" ] || say "Giữ lại: $UNITS/$unit.d" "Stays, because you wrote it: $UNITS/$unit.d"
        done
        [ ! -d "$STATE" ] || say "Giữ lại dữ liệu gia đình: $STATE, và người dùng filterd là chủ của nó (--purge xóa cả hai)" \
            "The household's data stays: $STATE, with the user filterd who owns it (--purge removes both)"
    fi
    live systemctl daemon-reload
    step=""
    say "Đã gỡ. Nhớ đổi lại DNS trong bộ định tuyến." "Taken away. Remember to change the DNS server in your router back."
}

"${action}_all"
