using System.Reflection;
using Microservices.Primitives;
using Microservices.Tests.Integration.Hosting;

namespace Microservices.Tests.Integration.Identity;

/// <summary>What is not safe outside Development stops the process, which names it.</summary>
public sealed class UnsafeSettingsTests
{
    [Theory]
    [InlineData("Identity:Issuer must be https outside Development", "--Identity:Issuer=http://shop.example.com")]
    [InlineData("Identity:Issuer must be https outside Development")]
    [InlineData("Identity:CertificateFile must be a certificate (PEM, RSA) outside Development", "--Identity:Issuer=https://shop.example.com")]
    [InlineData("Identity:CertificateFile must be a certificate (PEM, RSA) with its private key", "--Identity:Issuer=https://shop.example.com", "--Identity:CertificateFile=/etc/hostname")]
    public void It_stops_the_process_and_is_named(string line, params string[] settings)
    {
        var database = Path.Combine(Path.GetTempPath(), "unsafe-settings.db");
        var thrown = Assert.Throws<TargetInvocationException>(() =>
            ServiceProcess.Ask("services/Identity", ["--environment=Production", $"--ConnectionStrings:Database=Data Source={database}", "--Kestrel:Endpoints:Grpc:Url=http://127.0.0.1:0", "--Kestrel:Endpoints:Management:Url=http://127.0.0.1:0", .. settings], _ => true));

        Assert.StartsWith(line, Assert.IsType<InvalidSettingException>(thrown.InnerException).Message, StringComparison.Ordinal);
    }
}
