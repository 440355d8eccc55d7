using System.Diagnostics;
using System.Text.Json;
using Microservices.Tests.Support;
using Microservices.Users.V1;
using Xunit;

namespace Microservices.Tests.EndToEnd.Deploy;

/// <summary>
/// The Dockerfile, built and run by podman: on bases made of this machine's own .NET (deploy/docker/build-local), since none can be pulled where the tests run.
/// </summary>
public sealed class ImageTests : IAsyncLifetime
{
    private static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(8);
    private readonly string directory = Directory.CreateTempSubdirectory("podman-").FullName;
    private readonly string container = $"users-{Guid.NewGuid():N}";

    private string[] Storage => ["--root", $"{directory}/root", "--runroot", $"{directory}/run", "--storage-driver", "overlay", "--cgroup-manager", "cgroupfs", "--runtime", "runc"];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await RunAsync("podman", [.. Storage, "rm", "-f", "-i", "-t", "0", container]);
        // It keeps a mount of its own over its folder.
        await RunAsync("umount", ["-q", $"{directory}/root/overlay"]);
        Directory.Delete(directory, recursive: true);
    }

    [FactNeeding(Need.Podman)]
    public async Task The_image_of_a_service_runs_as_nobody_on_a_read_only_root_without_a_shell_and_stops_in_good_order()
    {
        var (built, log) = await RunAsync(Path.Combine(Needs.Root, "deploy", "docker", "build-local"), ["services/Users", "users:test", .. Storage[..6]], BuildTimeout);
        Assert.True(built == 0, log);
        var (grpc, management) = ($"http://127.0.0.1:{Eventually.FreePort()}", $"http://127.0.0.1:{Eventually.FreePort()}");
        var (started, error) = await PodmanAsync("run", "-d", "--name", container,
            "--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--network", "host",
            "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--tmpfs", "/data:rw,mode=1777", "-v", $"{Tokens.Authority.KeysFile}:/keys.json:ro",
            "-e", $"Auth__Authority={TestAuthority.Issuer}", "-e", "Auth__KeysFile=/keys.json",
            "-e", "ConnectionStrings__Database=Data Source=/data/users.db", "-e", $"Kestrel__Endpoints__Grpc__Url={grpc}", "-e", $"Kestrel__Endpoints__Management__Url={management}",
            "users:test");
        Assert.True(started == 0, error);

        using var http = new HttpClient();
        await Eventually.UntilAsync(async () => await IsReadyAsync(http, management), "the container is ready");
        using var channel = Tokens.Channel(grpc);
        var user = await new UsersService.UsersServiceClient(channel).CreateUserAsync(new CreateUserRequest { DisplayName = "Ada", Email = "ada@example.com" });
        Assert.Equal("Ada", user.User.DisplayName);

        var pid = (await PodmanAsync("inspect", "-f", "{{.State.Pid}}", container)).Output.Trim();
        var status = await File.ReadAllLinesAsync($"/proc/{pid}/status");
        Assert.Contains("Uid:\t1654\t1654\t1654\t1654", status);
        Assert.Contains("CapEff:\t0000000000000000", status);
        Assert.Contains("NoNewPrivs:\t1", status);
        Assert.Contains(await File.ReadAllLinesAsync($"/proc/{pid}/mountinfo"), mount => mount.Contains(" / / ro,", StringComparison.Ordinal));
        Assert.NotEqual(0, (await PodmanAsync("exec", container, "/bin/sh", "-c", "true")).ExitCode);

        await PodmanAsync("stop", "-t", "20", container);
        Assert.Equal("0", (await PodmanAsync("inspect", "-f", "{{.State.ExitCode}}", container)).Output.Trim());
        await HasLabelsAndBillOfMaterialsAsync();
    }

    private async Task HasLabelsAndBillOfMaterialsAsync()
    {
        var labels = (await PodmanAsync("image", "inspect", "users:test", "-f", "{{json .Config.Labels}}")).Output;
        Assert.Contains("\"org.opencontainers.image.version\":\"1.0.0\"", labels, StringComparison.Ordinal);
        var copy = Path.Combine(directory, "bom.json");
        var (code, log) = await PodmanAsync("cp", $"{container}:/app/sbom/bom.json", copy);
        Assert.True(code == 0, log);
        using var bom = JsonDocument.Parse(await File.ReadAllTextAsync(copy));
        Assert.Equal("CycloneDX", bom.RootElement.GetProperty("bomFormat").GetString());
        Assert.Contains(bom.RootElement.GetProperty("components").EnumerateArray(), component => component.GetProperty("name").GetString() == "Npgsql");
    }

    private Task<(int ExitCode, string Output)> PodmanAsync(params string[] arguments) => RunAsync("podman", [.. Storage, .. arguments]);

    private static async Task<bool> IsReadyAsync(HttpClient http, string management)
    {
        try
        {
            using var response = await http.GetAsync(new Uri($"{management}/health/ready"));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, string[] arguments, TimeSpan? timeout = null)
    {
        // Into a file: what podman leaves running would hold a pipe open.
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", """f=$(mktemp); "$@" >"$f" 2>&1 </dev/null; c=$?; tail -c 4000 "$f"; rm -f "$f"; exit $c""", "bash", program, .. arguments])
        {
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(timeout ?? Eventually.Timeout);
        return (process.ExitCode, await output);
    }
}
