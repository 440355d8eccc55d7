using System.Net.Security;

namespace Microservices.Primitives;

/// <summary>How the process speaks TLS with the services that it calls: whom it believes, and what it shows of itself. Thread-safe.</summary>
public interface IClientTls
{
    /// <summary>Whether it knows the suite's certificate authority. Replicas that are found by a name, <c>dns:///users:5001</c>, are then spoken with over TLS.</summary>
    bool IsOn { get; }

    /// <summary>
    /// The options of a client. They follow the files: a connection that is made later has the newer certificates. The certificate of the other side has to be for the
    /// host that is connected to, or for one of these names.
    /// </summary>
    /// <param name="names">What the service is called, where it is connected to by other addresses.</param>
    SslClientAuthenticationOptions Options(params IEnumerable<string> names);
}
