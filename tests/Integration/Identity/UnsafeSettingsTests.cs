using Microservices.Tests.Integration.Hosting;

namespace Microservices.Tests.Integration.Identity;

/// <summary>What is not safe outside Development stops the process, which names it.</summary>
public sealed class UnsafeSettingsTests
{
    [Theory]
    [InlineData("Identity:Issuer must be https outside Development", "Identity__Issuer=http://shop.example.com")]
    [InlineData("Identity:Issuer must be https outside Development")]
    [InlineData("Identity:CertificateFile must be a certificate (PEM, RSA) outside Development", "Identity__Issuer=https://shop.example.com")]
    [InlineData("Identity:CertificateFile must be a certificate (PEM, RSA) with its private key", "Identity__Issuer=https://shop.example.com", "Identity__CertificateFile=/etc/hostname")]
    public Task It_stops_the_process_and_is_named(string line, params string[] settings) =>
        FailedStart.OfAsync("services/Identity", [.. settings.Select(setting => (setting.Split('=')[0], setting.Split('=')[1]))], [line]);
}
