using System.Diagnostics;

namespace Microservices.Tests.Support;

/// <summary>The files of a process's certificates, as Kubernetes has them: links into a directory that is replaced as a whole.</summary>
public sealed class TlsDirectory : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("tls-").FullName;
    private readonly List<string> generations = [];

    /// <summary>Makes it, with a new certificate of an authority.</summary>
    public TlsDirectory(string name, TestCa ca) : this(ca.Issue(name), ca.Pem)
    {
    }

    /// <summary>Makes it, with these texts.</summary>
    public TlsDirectory((string Certificate, string Key) own, string authorities) => Replace(own, authorities);

    /// <summary>The settings.</summary>
    public Dictionary<string, string> Settings => new() { ["Tls:CertificateFile"] = FileOf("tls.crt"), ["Tls:KeyFile"] = FileOf("tls.key"), ["Tls:CaFile"] = FileOf("ca.crt") };

    /// <summary>The certificate and its key, as they are.</summary>
    public (string Certificate, string Key) Read() => (File.ReadAllText(FileOf("tls.crt")), File.ReadAllText(FileOf("tls.key")));

    /// <summary>Replaces all of them at once.</summary>
    public void Replace((string Certificate, string Key) own, string authorities)
    {
        var generation = $"{directory}-{generations.Count}";
        Directory.CreateDirectory(generation);
        generations.Add(generation);
        File.WriteAllText(Path.Combine(generation, "tls.crt"), own.Certificate);
        File.WriteAllText(Path.Combine(generation, "tls.key"), own.Key);
        File.WriteAllText(Path.Combine(generation, "ca.crt"), authorities);
        var next = Path.Combine(directory, "next");
        Directory.CreateSymbolicLink(next, generation);
        // Onto the link that is there, as one rename.
        using var move = Process.Start("mv", ["-T", next, Path.Combine(directory, "data")]);
        move.WaitForExit();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Directory.Delete(directory, recursive: true);
        foreach (var generation in generations)
            Directory.Delete(generation, recursive: true);
    }

    private string FileOf(string name) => Path.Combine(directory, "data", name);
}
